/**
 * An id of the type that the caller's ids have: a program's own `ID` stays that, and a literal becomes `string`. (A record
 * over a literal needs that key, and one over a type of texts needs none.)
 */
export type IdOf<Text extends string> = Record<never, never> extends Record<Text, 1> ? Text : string;
