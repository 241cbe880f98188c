import { actions, type Sync } from "../../../engine/sync.ts";
import { PasswordAuthentication, Requesting, Sessioning } from "../concepts/concepts.ts";

export const LoginRequest: Sync = ({ request, username, password }) => ({
  when: actions([Requesting.request, { path: "/login", username, password }, { request }]),
  then: actions([PasswordAuthentication.authenticate, { username, password }]),
});

export const LoginRefused: Sync = ({ request, error }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [PasswordAuthentication.authenticate, {}, { error }],
  ),
  then: actions([Requesting.respond, { request, error }]),
});

export const LoginCreatesSession: Sync = ({ user }) => ({
  when: actions([PasswordAuthentication.authenticate, {}, { user }]),
  then: actions([Sessioning.create, { user }]),
});

export const LoginAnswer: Sync = ({ request, session }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [Sessioning.create, {}, { session }],
  ),
  then: actions([Requesting.respond, { request, session }]),
});

export const LoginFailed: Sync = ({ request, error }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [Sessioning.create, {}, { error }],
  ),
  then: actions([Requesting.respond, { request, error }]),
});
