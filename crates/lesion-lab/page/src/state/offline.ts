/** Lets the browser keep the page's files, so that it opens without a network from now on. */
export async function keepOffline(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./service-worker.js");
  } catch {
    // A browser may forbid it, in a private window for one; then the page needs the network next time.
  }
}
