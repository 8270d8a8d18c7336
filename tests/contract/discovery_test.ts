import { StaticDiscovery } from "platform/discovery";
import { freePort } from "tools/platform";
import { lacks } from "tools/servers";
import { openConsulScene } from "../fixtures/consul_scene.ts";
import { discoveryContract } from "./discovery_contract.ts";

discoveryContract("StaticDiscovery", () => {
  const port = freePort();
  const addresses = {
    auth: "https://127.0.0.1:4001",
    payment: `https://127.0.0.1:${port}/ignored`,
    orders: "https://127.0.0.1:4003",
  };
  const discovery = new StaticDiscovery(addresses);
  return Promise.resolve({ discovery, port, [Symbol.asyncDispose]: () => Promise.resolve() });
});

discoveryContract(
  "ConsulDiscovery",
  lacks("consul") ? undefined : async () => {
    const scene = await openConsulScene();
    const discovery = await scene.discovery("payment");
    return {
      discovery,
      port: freePort(),
      [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
    };
  },
);
