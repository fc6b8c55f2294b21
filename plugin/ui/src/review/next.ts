/** Walking the current filter: the scene after this one is looked at while this one is reviewed, so that it is ready. */
import * as React from "react";
import { openReview } from "../app";
import type { Review } from "../app";
import { useApp, useStore } from "../context";
import type { Target } from "../api/operations";

export function useNext(review: Review, finished: boolean) {
  const app = useApp();
  const scene = useStore(app.scene);
  const following = scene && review.target.type === "scene" && review.target.mode === "auto" && scene.id === review.target.id ? after(scene.queue, scene.id) : undefined;
  const id = following?.id;
  const target = React.useMemo<Target | null>(() => (id ? { type: "scene", id, mode: "auto" } : null), [id]);
  const [ready, setReady] = React.useState(false);

  React.useEffect(() => {
    if (!target || !finished) return undefined;
    const session = app.session(target);
    const check = () => setReady(session.store.get().phase === "done");
    check();
    session.start();
    const stop = session.store.subscribe(check);
    return () => {
      stop();
      // Prepared for nobody: unless its review is what opens now, it waits.
      if (app.review.get()?.target.id !== target.id) session.pause();
    };
  }, [app, target, finished]);

  if (!target || !scene?.next) return null;
  return {
    ready,
    go() {
      app.session(review.target).pause();
      scene.next?.();
      openReview(app, target, following?.title ?? "");
    },
  };
}

function after<T extends { id: string }>(queue: readonly T[], id: string): T | undefined {
  const here = queue.findIndex((one) => one.id === id);
  return here >= 0 ? queue[here + 1] : undefined;
}
