import { unzip, zip, type Unzipped } from "fflate";

/** Packs files into a ZIP file, beside the page, which stays free meanwhile. */
export async function packFiles(files: Record<string, Uint8Array>): Promise<Blob> {
  const bytes = await new Promise<Uint8Array>((resolve, reject) => {
    zip(files, (error, packed) => {
      if (error) reject(error);
      else resolve(packed);
    });
  });
  return new Blob([bytes as BlobPart], { type: "application/zip" });
}

/** Unpacks a ZIP file. */
export async function unpackFiles(archive: File): Promise<Unzipped> {
  const bytes = new Uint8Array(await archive.arrayBuffer());
  return new Promise((resolve, reject) => {
    unzip(bytes, (error, unpacked) => {
      if (error) reject(new Error(`${archive.name} cannot be unpacked: ${error.message}`));
      else resolve(unpacked);
    });
  });
}
