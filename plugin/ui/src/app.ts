/** What all our mounts share: the way to the backend, the running looks, what is open. Made once, passed down by context. */
import { apolloGraphQL } from "./api/graphql";
import type { GraphQL } from "./api/graphql";
import { operations } from "./api/operations";
import type { Operations, Target } from "./api/operations";
import type { ToastApi } from "./host";
import { translator } from "./i18n/translate";
import type { Translator } from "./i18n/translate";
import { pagePace } from "./lib/pace";
import type { Pace } from "./lib/pace";
import { createStore } from "./lib/store";
import type { Store } from "./lib/store";
import { createSession } from "./review/session";
import type { Session } from "./review/session";
import type { EntityType, Result } from "./types";

/** The scene page that is open, as far as we need it. */
export interface OpenScene {
  id: string;
  title: string;
  width: number;
  height: number;
  /** The scenes of the filter that the user walks, in order. */
  queue: { id: string; title?: string | null }[];
  next: (() => void) | null;
}

export interface Review {
  target: Target;
  title: string;
  minimized: boolean;
}

export interface FrameLook {
  session: Session;
  time: number;
}

export type PerformerDialog = { kind: "similar" | "compare"; id: string; other?: { id: string; name: string } };

export interface App {
  graphql: GraphQL;
  ops: Operations;
  t: Store<Translator>;
  scene: Store<OpenScene | null>;
  review: Store<Review | null>;
  frame: Store<FrameLook | null>;
  performer: Store<PerformerDialog | null>;
  /** The faces to draw over the picture that is shown, of the open tab or review. */
  overlay: Store<{ type: EntityType; id: string; result: Result } | null>;
  /** The face that is shown over the picture, a row's key. */
  pointed: Store<string | null>;
  toast: Store<ToastApi | null>;
  /** Grows when results have changed: tabs read again. */
  changes: Store<number>;
  session(target: Target): Session;
  forget(target: Target): void;
}

export const targetKey = ({ type, id, mode, time }: Target) => [type, id, mode, time ?? ""].join(":");

export function createApp(graphql: GraphQL = apolloGraphQL(), pace: Pace = pagePace): App {
  const ops = operations(graphql);
  const sessions = new Map<string, Session>();
  return {
    graphql,
    ops,
    t: createStore(translator("en-GB")),
    scene: createStore<OpenScene | null>(null),
    review: createStore<Review | null>(null),
    frame: createStore<FrameLook | null>(null),
    performer: createStore<PerformerDialog | null>(null),
    overlay: createStore<{ type: EntityType; id: string; result: Result } | null>(null),
    pointed: createStore<string | null>(null),
    toast: createStore<ToastApi | null>(null),
    changes: createStore(0),
    session(target) {
      const known = sessions.get(targetKey(target)) ?? createSession(ops, target, pace);
      sessions.set(targetKey(target), known);
      return known;
    },
    forget(target) {
      sessions.get(targetKey(target))?.pause();
      sessions.delete(targetKey(target));
    },
  };
}

/** Opens the review of a scene, image or gallery and starts to look. */
export function openReview(app: App, target: Target, title: string): void {
  app.session(target).start();
  app.review.set({ target, title, minimized: false });
}
