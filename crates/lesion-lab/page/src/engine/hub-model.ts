/** Models of the Hugging Face hub, whose files stay in the browser's cache. */

import { EngineError, type Progress } from "./protocol";

const HUB = "https://huggingface.co";

/** The name of the cache. */
const CACHE = "lesion-models";

/** A model at one commit. */
export interface HubModel {
  /** `owner/name@commit`. */
  name: string;
  /** The names of its files. */
  names: string[];
  read: (file: string, report: (progress: Progress) => void) => Promise<Uint8Array>;
  /** The size of each file of weights. */
  weightSizes: () => Promise<Record<string, number>>;
}

interface Listing {
  sha: string;
  siblings: { rfilename: string; size?: number }[];
}

/** Finds a model by its name, `owner/name` or `owner/name@revision`. */
export async function openHubModel(name: string): Promise<HubModel> {
  const { repo, revision } = readName(name);
  const listing = await list(repo, revision);
  const names = listing.siblings.map((file) => file.rfilename);
  return {
    name: `${repo}@${listing.sha}`,
    names,
    read: (file, report) =>
      readCached(new URL(`${HUB}/${repo}/resolve/${listing.sha}/${file}`), report),
    weightSizes: () => {
      const sizes: Record<string, number> = {};
      for (const { rfilename, size } of listing.siblings) {
        if (/^model.*\.safetensors$/.test(rfilename)) sizes[rfilename] = size ?? 0;
      }
      return Promise.resolve(sizes);
    },
  };
}

function readName(name: string): { repo: string; revision: string } {
  const match = /^(?:hf:\/\/)?((?:[\w.-]+\/)?[\w.-]+)(?:@(.+))?$/.exec(name.trim());
  const repo = match?.[1];
  if (repo === undefined) {
    throw new EngineError(`"${name}" is no name of a model on the hub; write owner/name`);
  }
  return { repo, revision: match?.[2] ?? "main" };
}

/** Asks for the files of a model. Without a network, the last answer counts. */
async function list(repo: string, revision: string): Promise<Listing> {
  const address = `${HUB}/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const cache = await openCache();
  let response: Response | undefined;
  try {
    response = await fetch(address);
    if (response.ok) await cache?.put(address, response.clone());
  } catch {
    response = await cache?.match(address);
  }
  if (response === undefined) {
    throw new EngineError(`cannot ask ${HUB} for ${repo}; there is no network, or it is blocked`);
  }
  if (response.status === 401 || response.status === 403 || response.status === 404) {
    throw new EngineError(`the hub has no model ${repo} at ${revision} that is open to all`);
  }
  if (!response.ok) {
    throw new EngineError(`the hub answers with status ${String(response.status)} for ${repo}`);
  }
  return (await response.json()) as Listing;
}

async function readCached(address: URL, report: (progress: Progress) => void): Promise<Uint8Array> {
  const cache = await openCache();
  const known = await cache?.match(address);
  if (known !== undefined) return new Uint8Array(await known.arrayBuffer());
  const bytes = await fetchWithProgress(address, report);
  try {
    await cache?.put(address, new Response(bytes as BufferSource));
  } catch {
    // The browser grants too little room; the next time it is downloaded again.
  }
  return bytes;
}

async function openCache(): Promise<Cache | undefined> {
  // Absent where the page is not served by HTTPS.
  return "caches" in globalThis ? await caches.open(CACHE) : undefined;
}

/** Downloads a file. */
export async function fetchWithProgress(
  address: URL,
  report: (progress: Progress) => void,
): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch {
    throw new EngineError(`cannot download ${address.href}; there is no network, or it is blocked`);
  }
  if (!response.ok || response.body === null) {
    throw new EngineError(
      `cannot download ${address.href}: the server answers with status ${String(response.status)}`,
    );
  }
  const all = Number(response.headers.get("content-length") ?? 0);
  const parts: Uint8Array[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done: isEnd, value } = await reader.read();
    if (isEnd) break;
    parts.push(value);
    done += value.length;
    // A compressed file is larger than its length says.
    report({ stage: "download", done, all: Math.max(all, done), isBytes: true });
  }
  const bytes = new Uint8Array(done);
  let place = 0;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}
