/** Milliseconds that the page waits for a newer version of itself. */
const PATIENCE = 2000;

/**
 * Lets a newer version of the page take over, if the browser has got one during an earlier visit and no
 * other page is open. The page then loads again. Until then it asks for nothing, because the browser waits
 * for the version before to have nothing to do.
 */
export async function useNewestVersion(): Promise<void> {
  const registration = await registrationOfPage();
  if (!registration?.waiting) return;
  registration.waiting.postMessage("take over");
  await new Promise((resolve) => {
    setTimeout(resolve, PATIENCE);
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), {
      once: true,
    });
  });
}

/** Lets the browser keep the page's files, so that it opens without a network from now on. */
export async function keepOffline(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./service-worker.js");
  } catch {
    // A browser may forbid it, in a private window for one; then the page needs the network next time.
  }
}

async function registrationOfPage(): Promise<ServiceWorkerRegistration | undefined> {
  try {
    return await navigator.serviceWorker?.getRegistration();
  } catch {
    return undefined;
  }
}
