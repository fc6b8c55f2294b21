/** A stand-in for video.js: the same calls, a still picture. */
type Listener = () => void;

const listeners = new Map<string, Set<Listener>>();
const state = { element: null as HTMLElement | null, time: 0, paused: true, loaded: false };
const emit = (name: string) => listeners.get(name)?.forEach((listener) => listener());

export const player = {
  mount(element: HTMLElement) {
    state.element = element;
    return () => {
      Object.assign(state, { element: null, loaded: false, paused: true });
    };
  },
  current: () => (state.element ? player.api : undefined),
  api: {
    el: () => state.element!,
    currentTime(seconds?: number): number {
      if (seconds === undefined) return state.time;
      state.time = seconds;
      // Nothing is loaded before the first play: the time is only kept.
      if (!state.loaded) return seconds;
      emit("seeking");
      emit("seeked");
      return seconds;
    },
    paused: () => state.paused,
    pause() {
      state.paused = true;
      emit("pause");
    },
    play() {
      state.paused = false;
      state.loaded = true;
      emit("play");
      setTimeout(() => emit("playing"), 20);
    },
    readyState: () => (state.loaded ? 4 : 0),
    // Before the first play video.js does not know the picture's size.
    videoWidth: () => 0,
    videoHeight: () => 0,
    on: (names: string[], listener: Listener) => names.forEach((name) => listeners.set(name, (listeners.get(name) ?? new Set()).add(listener))),
    off: (names: string[], listener: Listener) => names.forEach((name) => listeners.get(name)?.delete(listener)),
    isDisposed: () => false,
  },
};
(window as unknown as { player: unknown }).player = player.api;
