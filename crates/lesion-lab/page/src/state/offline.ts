/**
 * Lets a newer version of the page take over, if the browser has got one during an earlier visit and no
 * other page is open. The page then loads again. The answer is whether there is one.
 */
export async function useNewestVersion(): Promise<boolean> {
  const registration = await registrationOfPage();
  if (!registration?.waiting) return false;
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), {
    once: true,
  });
  registration.waiting.postMessage("take over");
  return true;
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
