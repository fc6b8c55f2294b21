/** The parts of Stash's `window.PluginApi` that we use, typed. Members that are loaded late are read when rendering, never before. */
import type * as ApolloClient from "@apollo/client";
import type * as React from "react";

export interface ToastApi {
  success(message: React.ReactNode): void;
  error(error: unknown): void;
  toast(item: { content: React.ReactNode; variant?: string; delay?: number; priority?: number }): void;
}

export interface Player {
  el(): HTMLElement;
  currentTime(): number;
  currentTime(seconds: number): void;
  paused(): boolean;
  pause(): void;
  play(): Promise<void> | void;
  /** 0 while nothing of the video is loaded. */
  readyState(): number;
  videoWidth(): number;
  videoHeight(): number;
  on(events: string[], listener: () => void): void;
  off(events: string[], listener: () => void): void;
  isDisposed?(): boolean;
}

type AnyFunction = (...args: never[]) => unknown;

export interface PluginApi {
  React: typeof React;
  GQL: Record<string, ApolloClient.DocumentNode | undefined>;
  libraries: { Mousetrap?: { pause?(): void; unpause?(): void } };
  components: Record<string, React.ComponentType<Record<string, unknown>> | undefined>;
  hooks: { useToast(): ToastApi };
  utils: {
    StashService: { getClient(): ApolloClient.ApolloClient<unknown> };
    InteractiveUtils?: { getPlayer?(): Player | undefined };
  };
  patch: {
    before(name: string, patch: AnyFunction): void;
    instead(name: string, patch: AnyFunction): void;
    after(name: string, patch: AnyFunction): void;
  };
  register: { route(path: string, component: React.ComponentType): void };
}

declare global {
  interface Window {
    PluginApi: PluginApi;
  }
  const __VERSION__: string;
}

export const PLUGIN_ID = "stashai";
export const PAGE = "/plugins/stashai";

/** Where Stash is mounted: `<base href>`, also below a path of a reverse proxy. Ends with a slash. */
export function baseUrl(doc: Document = document): string {
  const base = doc.querySelector("base")?.getAttribute("href") ?? "/";
  return base.endsWith("/") ? base : `${base}/`;
}

export function performerImage(id: string): string {
  return `${baseUrl()}performer/${encodeURIComponent(id)}/image`;
}

/** Stash's video player while a scene page is open. */
export function currentPlayer(): Player | undefined {
  const player = window.PluginApi.utils.InteractiveUtils?.getPlayer?.();
  return player && !player.isDisposed?.() ? player : undefined;
}

/** The video of an image's page, where the image is a clip. */
export function currentClip(root: ParentNode = document): HTMLVideoElement | null {
  return root.querySelector("video.image-image");
}

/** Shows the picture at `time` in whatever plays on this page; false where nothing does. */
export function showMoment(time: number): boolean {
  const [player, clip] = [currentPlayer(), currentClip()];
  if (player) void seekPaused(player, time);
  else if (clip) {
    clip.pause();
    clip.currentTime = time;
  }
  return !!player || !!clip;
}

const LOADING = 8000;

/**
 * Shows the picture at `time` and stands still there. Before the first play Stash's player has loaded nothing: it would keep its
 * poster and tell nobody, so it is started for a moment.
 */
export async function seekPaused(player: Player, time: number): Promise<void> {
  if (player.readyState() === 0) {
    player.currentTime(time);
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        player.off(["playing", "error"], done);
        resolve();
      };
      const timer = setTimeout(done, LOADING);
      player.on(["playing", "error"], done);
      Promise.resolve(player.play()).catch(done);
    });
  }
  player.pause();
  player.currentTime(time);
}
