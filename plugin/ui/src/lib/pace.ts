/** Waiting that respects the user: polls are at least two seconds apart and rest while the page is hidden. */
export const LEAST_WAIT = 2000;

export interface Pace {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Resolves at once while the page is visible, else when it is again. */
  visible(): Promise<void>;
}

export const pagePace: Pace = {
  now: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  visible() {
    if (!document.hidden) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (document.hidden) return;
        document.removeEventListener("visibilitychange", check);
        resolve();
      };
      document.addEventListener("visibilitychange", check);
    });
  },
};

/** How long to wait before the next call, given when the last one began. A call that itself worked that long is followed at once. */
export function waitAfter(began: number, now: number, least = LEAST_WAIT): number {
  return Math.max(0, least - (now - began));
}
