import net from "node:net";

/** Opens a TCP connection and closes it. @throws when nobody is there, or `signal` has fired. */
export function tcpConnect({ hostname, port }: URL, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const socket = net.connect({ host, port: Number(port || 443) });
    const cut = () => void socket.destroy(signal.reason);
    signal.addEventListener("abort", cut, { once: true });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
    socket.once("close", () => {
      signal.removeEventListener("abort", cut);
      // Does nothing where it has been settled above.
      reject(signal.reason ?? new Error("The connection was closed before it stood"));
    });
  });
}
