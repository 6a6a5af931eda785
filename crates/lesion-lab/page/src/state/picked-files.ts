import type { NamedFile } from "../engine/protocol.ts";

/** A folder that the user picked or dropped. Names of files are paths in it. */
export interface PickedFolder {
  name: string;
  files: NamedFile[];
}

/** The folder picker of Chromium, which TypeScript does not know yet. */
interface WithPicker {
  showDirectoryPicker(): Promise<FileSystemDirectoryHandle>;
}

type Entries = AsyncIterable<FileSystemFileHandle | FileSystemDirectoryHandle>;

export function canPickFolders(): boolean {
  return "showDirectoryPicker" in window;
}

/** Asks for a folder; null if the user changed their mind. */
export async function pickFolder(): Promise<PickedFolder | null> {
  try {
    const handle = await (window as unknown as WithPicker).showDirectoryPicker();
    return { name: handle.name, files: await filesOfHandle(handle, "") };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw error;
  }
}

async function filesOfHandle(
  handle: FileSystemDirectoryHandle,
  path: string,
): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for await (const entry of (handle as unknown as { values(): Entries }).values()) {
    const name = path + entry.name;
    if (entry.kind === "file") files.push({ name, file: await entry.getFile() });
    else files.push(...(await filesOfHandle(entry, `${name}/`)));
  }
  return files;
}

/** The folder, or the single files, of a file input. */
export function filesOfInput(input: HTMLInputElement): PickedFolder {
  const files: NamedFile[] = [];
  let folder = "";
  for (const file of input.files ?? []) {
    const [top, ...rest] = file.webkitRelativePath.split("/");
    if (rest.length > 0) folder = top ?? "";
    files.push({ name: rest.length > 0 ? rest.join("/") : file.name, file });
  }
  return { name: folder || "files", files };
}

/** The folders and files that were dropped, as one folder. */
export async function filesOfDrop(transfer: DataTransfer): Promise<PickedFolder> {
  // Entries are gone after the first pause.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry());
  const files: NamedFile[] = [];
  let name = "files";
  for (const entry of entries) {
    if (entry?.isDirectory) {
      name = entry.name;
      files.push(...(await filesOfDirectory(entry as FileSystemDirectoryEntry, "")));
    } else if (entry) {
      files.push({ name: entry.name, file: await fileOf(entry as FileSystemFileEntry) });
    }
  }
  return { name, files };
}

async function filesOfDirectory(
  folder: FileSystemDirectoryEntry,
  path: string,
): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for (const entry of await entriesOf(folder)) {
    const name = path + entry.name;
    if (entry.isDirectory) {
      files.push(...(await filesOfDirectory(entry as FileSystemDirectoryEntry, `${name}/`)));
    } else {
      files.push({ name, file: await fileOf(entry as FileSystemFileEntry) });
    }
  }
  return files;
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // A reader gives some entries at a time, and none at its end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
