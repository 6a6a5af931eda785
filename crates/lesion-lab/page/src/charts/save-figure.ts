/** Pixels of a PNG for each unit of a drawing. */
const PNG_SCALE = 3;

export function saveFile(
  name: string,
  content: Blob | string,
  type = "application/octet-stream",
): void {
  const blob = typeof content === "string" ? new Blob([content], { type }) : content;
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has to begin with the download first.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Saves a drawing as SVG, in its colours on white paper. */
export function saveSvg(name: string, svg: string): void {
  saveFile(`${name}.svg`, svg, "image/svg+xml");
}

/** A drawing as PNG, on white paper. */
export async function pngOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = PNG_SCALE * image.naturalWidth;
  canvas.height = PNG_SCALE * image.naturalHeight;
  const context = canvas.getContext("2d");
  if (context) {
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
  }
  URL.revokeObjectURL(address);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("the figure is too large for a PNG file; save it as SVG"));
    }, "image/png");
  });
}

/** The text of a drawing. */
export function textOf(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("font-family", "system-ui, sans-serif");
  return new XMLSerializer().serializeToString(copy);
}
