/** One way to Stash's GraphQL, with errors that can be shown to people. The browser never talks to anything but Stash. */
import { gql } from "@apollo/client";
import type { DocumentNode } from "@apollo/client";
import { PLUGIN_ID } from "../host";
import type { Params, Translator } from "../i18n/translate";
import type { OperationError } from "../types";

/** A refusal or failure of the Python side or of Stash: what happened and, where known, what helps. */
export class Failure extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly params: Params;

  constructor({ code, message, remedy, params }: OperationError) {
    super(message);
    this.code = code;
    this.remedy = remedy ?? "";
    this.params = params ?? {};
  }
}

/** What Stash says when our process ended without an answer. */
const ENDED = /^signal: /;

export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isOperationError(error)) return new Failure(error);
  const message = error instanceof Error ? error.message : String(error);
  const unanswered = !!error && typeof error === "object" && "networkError" in error && !!error.networkError;
  return new Failure({ code: unanswered ? "unreachable" : ENDED.test(message) ? "killed" : "stash", message });
}

/** What went wrong and what helps, in one line. */
export function failureText(t: Translator, error: unknown): string {
  const { what, help } = t.failure(asFailure(error));
  return [what || t("wentWrong"), help].filter(Boolean).join(" ");
}

function isOperationError(error: unknown): error is OperationError {
  return !!error && !(error instanceof Error) && typeof error === "object" && "code" in error && "message" in error;
}

interface Answer<T> {
  ok: boolean;
  data?: T;
  error?: OperationError;
}

export type Variables = Record<string, unknown>;

/** What we need of Apollo's client, so that tests can stand in for it. */
export interface GraphQL {
  query<T>(text: string, variables?: Variables): Promise<T>;
  mutate<T>(text: string, variables?: Variables): Promise<T>;
  refetch(names: string[]): Promise<void>;
}

export function apolloGraphQL(): GraphQL {
  const client = () => window.PluginApi.utils.StashService.getClient();
  return {
    async query<T>(text: string, variables?: Variables) {
      const { data } = await client().query({ query: gql(text), variables, fetchPolicy: "network-only" });
      return data as T;
    },
    async mutate<T>(text: string, variables?: Variables) {
      const { data } = await client().mutate({ mutation: gql(text), variables, fetchPolicy: "no-cache" });
      return data as T;
    },
    async refetch(names) {
      const known = names.map((name) => window.PluginApi.GQL[name]).filter((document): document is DocumentNode => !!document);
      if (known.length > 0) await client().refetchQueries({ include: known });
    },
  };
}

const OPERATION = "mutation StashAIOperation($id: ID!, $args: Map) { runPluginOperation(plugin_id: $id, args: $args) }";
const TASK =
  "mutation StashAITask($id: ID!, $task: String, $description: String, $args: Map) {" +
  " runPluginTask(plugin_id: $id, task_name: $task, description: $description, args_map: $args) }";

/** Runs one operation of `main.py` and answers its data. Raises Failure. */
export async function runOperation<T>(graphql: GraphQL, op: string, args: Variables = {}): Promise<T> {
  let answer: Answer<T> | null;
  try {
    const variables = { id: PLUGIN_ID, args: { ...args, op, v: __VERSION__ } };
    answer = (await graphql.mutate<{ runPluginOperation: Answer<T> | null }>(OPERATION, variables)).runPluginOperation;
  } catch (error) {
    throw asFailure(error);
  }
  if (!answer || typeof answer !== "object") {
    throw new Failure({ code: "no_answer", message: "StashAI gave no answer." });
  }
  if (!answer.ok) throw new Failure(answer.error ?? { code: "unknown", message: "StashAI failed without a reason." });
  return answer.data as T;
}

/** Queues a task of ours behind Stash's other jobs and answers the job's id. */
export async function runTask(graphql: GraphQL, task: string | null, description: string, args: Variables): Promise<string> {
  try {
    const variables = { id: PLUGIN_ID, task, description, args };
    return (await graphql.mutate<{ runPluginTask: string }>(TASK, variables)).runPluginTask;
  } catch (error) {
    throw asFailure(error);
  }
}
