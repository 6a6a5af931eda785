import { EngineError } from "./protocol";

/**
 * Downloads a file. `size` is its length, if that is known; a file of another length is an error.
 * `refusal` may explain a status that is no success.
 */
export async function download(
  address: URL,
  size: number | undefined,
  onBytes: (done: number, all: number) => void,
  refusal: (status: number) => EngineError | undefined = () => undefined,
): Promise<Uint8Array> {
  const response = await ask(address, refusal);
  const all = size ?? Number(response.headers.get("content-length") ?? 0);
  const parts: Uint8Array[] = [];
  let done = 0;
  try {
    for await (const part of partsOf(response)) {
      parts.push(part);
      done += part.length;
      // A compressed file is larger than its length says.
      onBytes(done, Math.max(all, done));
    }
  } catch {
    throw new EngineError(`the download of ${address.href} was interrupted; try again`);
  }
  if (size !== undefined && done !== size) {
    throw new EngineError(
      `${address.href} has ${String(done)} bytes, not ${String(size)} as listed; try again`,
    );
  }
  return joined(parts, done);
}

async function ask(
  address: URL,
  refusal: (status: number) => EngineError | undefined,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch {
    throw new EngineError(`cannot download ${address.href}; there is no network, or it is blocked`);
  }
  if (!response.ok) {
    const { status } = response;
    const known = refusal(status);
    throw known ?? new EngineError(`cannot download ${address.href}: status ${String(status)}`);
  }
  return response;
}

async function* partsOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || value === undefined) return;
    yield value;
  }
}

/** Joins the parts of a file. The list is emptied, so that no part is there for long beside the whole. */
function joined(parts: Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let place = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}
