import { z } from "zod";
import { pageOf, PageQuery, type Route } from "platform/http";
import {
  AuditEntry,
  AuditIntegrity,
  NewUser,
  RolesChange,
  User,
  UserChange,
  UserId,
} from "./domain/mod.ts";
import { authProblems } from "./problems.ts";

const params = z.strictObject({ userId: UserId });

/** Every operation of the users API. OpenAPI is printed from this table. Fixed paths come before patterns. */
export const routes = {
  signUp: {
    method: "post",
    path: "/users",
    summary: "Sign up",
    body: NewUser,
    status: 201,
    reply: User,
    problems: [authProblems.email_taken, authProblems.password_refused, authProblems.busy],
  },
  listUsers: {
    method: "get",
    path: "/users",
    summary: "List users, newest first",
    query: PageQuery,
    status: 200,
    reply: pageOf(User),
  },
  readMe: {
    method: "get",
    path: "/users/me",
    summary: "Read one's own user",
    status: 200,
    reply: User,
  },
  changeMe: {
    method: "patch",
    path: "/users/me",
    summary: "Change one's own name or password",
    body: UserChange,
    ifMatch: "required",
    status: 200,
    reply: User,
    problems: [
      authProblems.current_password_wrong,
      authProblems.password_refused,
      authProblems.too_many_attempts,
      authProblems.busy,
    ],
  },
  readUser: {
    method: "get",
    path: "/users/:userId",
    summary: "Read a user",
    params,
    status: 200,
    reply: User,
  },
  changeRoles: {
    method: "put",
    path: "/users/:userId/roles",
    summary: "Replace a user's roles",
    params,
    body: RolesChange,
    ifMatch: "required",
    status: 200,
    reply: User,
    problems: [authProblems.own_admin_role],
  },
  disableUser: {
    method: "post",
    path: "/users/:userId/disable",
    summary: "Disable a user: no sign-in and no token from then on",
    params,
    status: 200,
    reply: User,
    problems: [authProblems.own_account],
  },
  resetFactors: {
    method: "post",
    path: "/users/:userId/reset-factors",
    summary:
      "Take a user's authenticator app, passkeys and recovery codes away, and end their sign-ins",
    params,
    status: 200,
    reply: User,
    problems: [authProblems.own_factors],
  },
  listAudit: {
    method: "get",
    path: "/audit",
    summary: "What was done to people's rights and ways in, newest first",
    query: PageQuery,
    status: 200,
    reply: pageOf(AuditEntry),
  },
  verifyAudit: {
    method: "get",
    path: "/audit/integrity",
    summary: "Whether the audit log is as it was written",
    status: 200,
    reply: AuditIntegrity,
  },
} as const satisfies Record<string, Route>;
