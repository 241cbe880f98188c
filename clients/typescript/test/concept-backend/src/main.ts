import type { AddressInfo } from "node:net";
import process from "node:process";
import { serve } from "../../engine/server.ts";
import { engine, Notes, PasswordAuthentication, Requesting, Sessioning } from "./concepts/concepts.ts";
import * as login from "./syncs/login.sync.ts";
import * as logout from "./syncs/logout.sync.ts";
import * as notes from "./syncs/notes.sync.ts";

engine.register({ ...login, ...logout, ...notes });

const server = serve(engine, Requesting, { PasswordAuthentication, Notes, Sessioning });
server.listen(0, "127.0.0.1", () => {
  console.log(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

// Ends with whoever started it, however that one ends.
process.stdin.on("end", () => process.exit(0)).resume();
