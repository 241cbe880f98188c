import process from "node:process";
import { Engine } from "../../../engine/engine.ts";
import RequestingConcept from "../../../engine/requesting.ts";
import NotesConcept from "./Notes/NotesConcept.ts";
import PasswordAuthenticationConcept from "./PasswordAuthentication/PasswordAuthenticationConcept.ts";
import SessioningConcept from "./Sessioning/SessioningConcept.ts";

/** Stands in for the driver's `Db`, of which the concepts here need nothing but the name. */
const db = { databaseName: process.env["DB_NAME"] ?? "notes" };

export const engine = new Engine();
export const Requesting = engine.instrument(
  new RequestingConcept(Number(process.env["REQUESTING_TIMEOUT"] ?? 10_000)),
);
export const PasswordAuthentication = engine.instrument(new PasswordAuthenticationConcept());
export const Notes = engine.instrument(new NotesConcept());
export const Sessioning = engine.instrument(new SessioningConcept(db));
