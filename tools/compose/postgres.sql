-- Run once, when the cluster is made. Each service has a database of its own, and a user named like it.
create role orders login;
create database orders owner orders;
