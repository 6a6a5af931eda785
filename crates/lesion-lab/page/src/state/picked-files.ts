import type { NamedFile } from "../engine/protocol.ts";
import { unpackFiles } from "./zip-files.ts";

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

/** Asks for a folder; null if the user changed their mind, and undefined if the browser forbids to ask, as in a
 *  frame of another site. */
export async function pickFolder(): Promise<FileSystemDirectoryHandle | null | undefined> {
  try {
    return await (window as unknown as WithPicker).showDirectoryPicker();
  } catch (error) {
    const isAborted = error instanceof DOMException && error.name === "AbortError";
    return isAborted ? null : undefined;
  }
}

/** Finds the files of a folder that was picked. */
export async function filesOfFolder(handle: FileSystemDirectoryHandle): Promise<PickedFolder> {
  return inItsFolder(await filesOfHandle(handle, `${handle.name}/`));
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
  const files = Array.from(input.files ?? [], (file) => ({
    name: file.webkitRelativePath || file.name,
    file,
  }));
  return inItsFolder(files);
}

/** The folders and files that were dropped, as one folder; a ZIP file is one too. */
export async function filesOfDrop(transfer: DataTransfer): Promise<PickedFolder> {
  // Entries are gone after the first pause.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry());
  const [only] = entries;
  const files: NamedFile[] = [];
  for (const entry of entries) {
    if (entry?.isDirectory) {
      files.push(...(await filesOfDirectory(entry as FileSystemDirectoryEntry, `${entry.name}/`)));
    } else if (entry) {
      const file = await fileOf(entry as FileSystemFileEntry);
      if (only === entry && entries.length === 1 && ZIP.test(entry.name)) {
        return filesOfZip(file);
      }
      files.push({ name: entry.name, file });
    }
  }
  return inItsFolder(files);
}

/** The files of a folder in a ZIP file. */
async function filesOfZip(zip: File): Promise<PickedFolder> {
  const unzipped = await unpackFiles(zip);
  const entries = Object.entries(unzipped).filter(([name]) => !name.endsWith("/"));
  const files = entries.map(([name, content]) => ({
    name,
    file: new Blob([content as BlobPart]),
  }));
  return inItsFolder(files, zip.name.replace(ZIP, ""));
}

/** The end of the name of a ZIP file. */
const ZIP = /\.zip$/i;

/** What a model or a finished study has. */
const SIGN = /(?:^|\/)(?:config|manifest)\.json$/;

/**
 * Files by their paths below the folder of the model or the study, which may be inside others; if that is
 * not clear, below the folder that contains all files. Without a folder they get a name.
 */
function inItsFolder(files: NamedFile[], name = "files"): PickedFolder {
  const folders = files.filter((file) => SIGN.test(file.name)).map((file) => folderOf(file.name));
  const depth = Math.min(...folders.map(depthOf));
  const [folder = sharedFolder(files), other] = folders.filter((one) => depthOf(one) === depth);
  const chosen = other === undefined || other === folder ? folder : sharedFolder(files);
  const inside = files.filter((file) => file.name.startsWith(chosen));
  const below = inside.map(({ name, file }) => ({ name: name.slice(chosen.length), file }));
  return { name: chosen.split("/").at(-2) ?? name, files: below };
}

/** The folder of a path, with the slash at its end. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function depthOf(folder: string): number {
  return folder.split("/").length;
}

/** The folder at the top that contains all files, with the slash at its end. */
function sharedFolder(files: NamedFile[]): string {
  const [top = "", ...rest] = files[0]?.name.split("/") ?? [];
  const isShared = rest.length > 0 && files.every((file) => file.name.startsWith(`${top}/`));
  return isShared ? `${top}/` : "";
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
