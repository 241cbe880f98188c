/**
 * The concept `Sessioning` of a concept-design back end, kept by the session service. The project's
 * `src/concepts/Sessioning/SessioningConcept.ts` is one line:
 *
 * ```ts
 * export { default } from "@sessioning/client/concept";
 * ```
 *
 * SESSIONING_URL says where the service is, SESSIONING_API_KEY how to be let in. See docs/concept.md.
 *
 * Nothing outside this folder is imported, so that a project may copy it.
 *
 * @module
 */
import { type Sessioning, type SessioningClass, sessioningConcept } from "./concept.ts";

/** The concept, without own methods: an engine makes no public routes of it. */
const SessioningConcept: SessioningClass = sessioningConcept();
type SessioningConcept = Sessioning;

/** The concept with own methods: an engine makes public routes of them, with which anybody can log in as anybody. */
const PublicSessioningConcept: SessioningClass = sessioningConcept({ public: true });
type PublicSessioningConcept = Sessioning;

export default SessioningConcept;
export { PublicSessioningConcept, SessioningConcept, sessioningConcept };
export type { ConceptDatabase, Created, Sessioning, SessioningClass } from "./concept.ts";
export { SessionServiceError, UnknownSessionError } from "./errors.ts";
export type { IdOf } from "./ids.ts";
export type { ConceptOptions } from "./settings.ts";
export type { SessionDocument, SessionFilter, SessionsCollection } from "./sessions.ts";
export type { ErrorRow, UnknownSession } from "./unknown.ts";
