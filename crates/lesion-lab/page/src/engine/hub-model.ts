/** Models of the Hugging Face hub, whose files stay in the browser's cache. */

import { filesToRead, weightFiles } from "./checkpoint-files";
import { download } from "./download";
import { EngineError } from "./protocol";

const HUB = "https://huggingface.co";

/** The name of the cache. */
const CACHE = "lesion-models";

/** Called with the bytes of a model that are there, and all that are read. */
type OnBytes = (done: number, all: number) => void;

/** A model at one commit. */
export interface HubModel {
  /** `owner/name@commit`. */
  name: string;
  /** The names of its files. */
  names: string[];
  /** The size of each file of weights. */
  weightSizes: Record<string, number>;
  /** Reads a file from the cache, or downloads it. */
  read: (file: string, onBytes: OnBytes) => Promise<Uint8Array>;
}

/** A file as the hub lists it. Large ones have a hash. */
interface ListedFile {
  rfilename: string;
  size?: number;
  lfs?: { sha256?: string };
}

interface Listing {
  sha: string;
  siblings: ListedFile[];
}

/** Finds a model by its name, `owner/name` or `owner/name@revision`. */
export async function openHubModel(name: string): Promise<HubModel> {
  const { repo, revision } = readName(name);
  const { sha, siblings } = await list(repo, revision);
  const sizes = new Map(siblings.map((file) => [file.rfilename, file.size ?? 0]));
  const names = [...sizes.keys()];
  const weights = weightFiles(names).map((file) => [file, sizes.get(file) ?? 0] as const);
  const all = filesToRead(names).reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
  let before = 0;
  return {
    name: `${repo}@${sha}`,
    names,
    weightSizes: Object.fromEntries(weights),
    read: async (path, onBytes) => {
      const file = siblings.find(({ rfilename }) => rfilename === path) ?? { rfilename: path };
      const address = new URL(`${HUB}/${repo}/resolve/${sha}/${path}`);
      const bytes = await readCached(repo, address, file, (done) => {
        onBytes(before + done, Math.max(all, before + done));
      });
      before += bytes.length;
      return bytes;
    },
  };
}

/** Reads a name as it stands in the address of a model's page, with or without that address. */
function readName(name: string): { repo: string; revision: string } {
  const plain = name
    .trim()
    .replace(/^(?:hf:\/\/|https?:\/\/(?:huggingface\.co|hf\.co)\/)/, "")
    .replace(/\/(?:tree|blob)\/([^/]+).*$/, "@$1")
    .replace(/\/$/, "");
  const match = /^((?:[\w.-]+\/)?[\w.-]+)(?:@([^@]+))?$/.exec(plain);
  const repo = match?.[1];
  if (repo === undefined) {
    throw new EngineError(
      `"${name.trim()}" is not the name of a model on the hub; write owner/name, or owner/name@revision`,
    );
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
    if (response.ok) await keep(cache, address, response.clone());
  } catch {
    response = await cache?.match(address);
  }
  if (response === undefined) {
    throw new EngineError(`cannot ask ${HUB} for ${repo}; there is no network, or it is blocked`);
  }
  if (response.status === 404) {
    throw new EngineError(`the hub has no model ${repo} at ${revision}; check its name`);
  }
  if (isDenied(response)) throw denied(repo, response.status);
  if (!response.ok) {
    throw new EngineError(`the hub answers with status ${String(response.status)} for ${repo}`);
  }
  return (await response.json()) as Listing;
}

function isDenied({ status }: { status: number }): boolean {
  return status === 401 || status === 403;
}

/** The hub says neither whether a model exists nor whether it is private, gated or renamed. */
function denied(repo: string, status: number): EngineError {
  return new EngineError(
    `the hub denies access to ${repo} (${String(status)}): there is no such model, or only its members may ` +
      "read it; download it yourself and open its folder",
  );
}

async function readCached(
  repo: string,
  address: URL,
  file: ListedFile,
  onBytes: (done: number) => void,
): Promise<Uint8Array> {
  const cache = await openCache();
  const known = await cache?.match(address);
  if (known !== undefined) return new Uint8Array(await known.arrayBuffer());
  const bytes = await download(address, file.size, onBytes, (status) =>
    isDenied({ status }) ? denied(repo, status) : undefined,
  );
  await checkHash(address, bytes, file.lfs?.sha256);
  await keep(cache, address, new Response(bytes as BufferSource));
  return bytes;
}

async function keep(
  cache: Cache | undefined,
  address: URL | string,
  response: Response,
): Promise<void> {
  try {
    await cache?.put(address, response);
  } catch {
    // The browser grants too little room; the next time it is downloaded again.
  }
}

/** Compares a file with the hash that the hub states. */
async function checkHash(address: URL, bytes: Uint8Array, sha256?: string): Promise<void> {
  // Absent where the page is not served by HTTPS.
  if (sha256 === undefined || !("subtle" in crypto)) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) {
    throw new EngineError(
      `${address.href} arrived damaged: its SHA-256 is not as listed; try again`,
    );
  }
}

async function openCache(): Promise<Cache | undefined> {
  try {
    return await caches.open(CACHE);
  } catch {
    // There is none where the page is not served by HTTPS, and a browser may forbid it.
    return undefined;
  }
}
