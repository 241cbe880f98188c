import type { Entry } from "../pattern.ts";
import { variablesOf } from "../pattern.ts";
import type { Mistake, Rule, SyncFile } from "../rule.ts";
import { isBoundByWhen, type Step, type Sync } from "../sync.ts";
import { oneLine } from "../syntax.ts";
import { mayBind } from "../where.ts";

/** An output of one `then` action is an input of another: nothing has a value for it yet. */
export const outputUsedInSameThen: Rule = {
  name: "output-used-in-same-then",
  summary: "a `then` action needs what another action of the same `then` only yields later",
  *check(file) {
    for (const sync of file.syncs) {
      for (const user of sync.then) {
        for (const input of user.input.entries) {
          const maker = makerOf(input, user, sync, file);
          if (maker !== undefined) yield mistake(sync, maker, user, input);
        }
      }
    }
  },
};

/** The action of the same `then` that yields an input which nothing else can bind. */
function makerOf(input: Entry, user: Step, sync: Sync, file: SyncFile): Step | undefined {
  const { variable } = input;
  if (variable === undefined || isBoundByWhen(sync, variable)) return undefined;
  if (mayBind(sync.where, variable)) return undefined;
  return sync.then.find(({ output }) => variablesOf(output).includes(variable)) ??
    sync.then.find((step) =>
      step !== user &&
      file.concepts.outputs(step.concept, step.action)?.some((keys) => keys.includes(variable))
    );
}

function mistake(sync: Sync, maker: Step, user: Step, input: Entry): Mistake {
  const first = maker.written;
  const second = user.written;
  const variable = input.variable!;
  const symbol = sync.variables.get(variable) ?? variable;
  const whose = maker === user ? "its own output" : `the output of ${first} in the same \`then\``;
  return {
    node: input.node,
    sync: sync.name,
    message: `${second} needs \`${variable}\`, and \`${variable}\` is ${whose}.`,
    why: `All inputs of a \`then\` are looked up before its first action runs, and an output written ` +
      `in a \`then\` binds nothing. So \`${variable}\` has no value: the engine throws "Missing ` +
      `binding: Symbol(${symbol})", none of the actions is called, and nothing that they print ever ` +
      `appears.`,
    cure: maker === user
      ? `Give \`${variable}\` a value in \`when\` or \`where\`, or take it out of the inputs. What ` +
        `${first} yields can only be used by another sync, whose \`when\` waits for ${first}.`
      : split(sync, maker, user, input),
  };
}

function split(sync: Sync, maker: Step, user: Step, input: Entry): string {
  const variable = input.variable!;
  const key = maker.output?.entries.find((entry) => entry.variable === variable)?.key ?? variable;
  const bound = sync.when.flatMap(({ input, output }) => [...variablesOf(input), ...variablesOf(output)]);
  const needed = variablesOf(user.input).filter((name) => name !== variable);
  const lost = needed.filter((name) => !bound.includes(name));
  const parameters = [...new Set([...bound, ...needed, variable])].map((name) => parameter(name, sync));
  return [
    `Split it in two. The first sync keeps all but this action:`,
    `    then: actions(${sync.then.filter((step) => step !== user).map(call).join(", ")}),`,
    `The second waits until ${maker.written} has answered; its \`when\` gives \`${variable}\` a value:`,
    `    export const ${sync.name}Then: Sync = ({ ${parameters.join(", ")} }) => ({`,
    `      when: actions(`,
    ...sync.when.map((step) => `        ${oneLine(step.node)},`),
    `        [${maker.written}, {}, { ${key === variable ? key : `${key}: ${variable}`} }],`,
    `      ),`,
    `      then: actions(${call(user)}),`,
    `    });`,
    ...(lost.length === 0 ? [] : [
      `\`${lost.join("`, `")}\` came from the \`where\`: ask for it again in a \`where\` of the second sync.`,
    ]),
  ].join("\n");
}

function call({ written, input }: Step): string {
  return `[${written}, ${oneLine(input.node)}]`;
}

function parameter(variable: string, sync: Sync): string {
  const symbol = sync.variables.get(variable);
  return symbol === undefined || symbol === variable ? variable : `${symbol}: ${variable}`;
}
