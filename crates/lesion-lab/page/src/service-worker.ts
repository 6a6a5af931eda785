/// <reference lib="webworker" />

// Keeps every file of the page in the browser, so that the page works without a network after the first
// visit. A build with other contents has another version, and so a cache of its own. It takes over once
// no page of the version before is open, because such a page may still start its engine anew; or as soon
// as the only open page asks for it, which then loads again.

declare const self: ServiceWorkerGlobalScope;
export {};

// The build replaces both texts.
const FILES = "__OFFLINE_FILES__".split("|");
const VERSION = "__OFFLINE_VERSION__";

const PREFIX = "lesion-lab-page-";
const CACHE = PREFIX + VERSION;

self.addEventListener("install", (event) => {
  event.waitUntil(keepFiles());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(deleteOtherVersions());
});

self.addEventListener("fetch", (event) => {
  const isOwn = new URL(event.request.url).origin === self.location.origin;
  if (isOwn && event.request.method === "GET") event.respondWith(answer(event.request));
});

// The page sends one message only: to take over.
self.addEventListener("message", (event) => {
  event.waitUntil(takeOver());
});

async function keepFiles(): Promise<void> {
  const cache = await caches.open(CACHE);
  const addresses = ["./", ...FILES.map((file) => `./${file}`)];
  // The browser's own cache may have files of the version before.
  await cache.addAll(addresses.map((address) => new Request(address, { cache: "no-cache" })));
}

async function takeOver(): Promise<void> {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.length <= 1) await self.skipWaiting();
}

async function deleteOtherVersions(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
