// The original's own way with its sessions: one collection, three calls. Reads commands, a JSON object a line, and
// answers each with one.  node original.mjs URL DATABASE
import { createInterface } from "node:readline";
import { randomBytes } from "node:crypto";
import { MongoClient } from "mongodb";

const [url, database] = process.argv.slice(2);
const client = new MongoClient(url);
const sessions = client.db(database).collection("Sessioning.sessions");

// A UUID of version 7.
function freshID() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const calls = {
  async create({ user }) {
    const session = freshID();
    await sessions.insertOne({ _id: session, user });
    return { session };
  },
  async delete({ session }) {
    const { deletedCount } = await sessions.deleteOne({ _id: session });
    return { deletedCount };
  },
  async _getUser({ session }) {
    return await sessions.findOne({ _id: session });
  },
  async count() {
    return await sessions.countDocuments({});
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...input } = JSON.parse(line);
  console.log(JSON.stringify(await calls[call](input)));
}
await client.close();
