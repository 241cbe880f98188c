export { default } from "../../../../../src/concept/index.ts";
