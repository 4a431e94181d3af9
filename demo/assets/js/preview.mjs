const units = ["bytes", "kB", "MB", "GB"];

export function readableSize(bytes) {
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit ? bytes.toFixed(1) : bytes} ${units[unit]}`;
}

// Shows what is about to be sent: the picture itself, or the name and the size of the file.
export function preview(file, output) {
  output.replaceChildren();
  output.hidden = !file;
  if (!file) {
    return;
  }
  if (file.type.startsWith("image/")) {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    image.alt = "";
    image.addEventListener("load", () => URL.revokeObjectURL(image.src));
    output.append(image);
  }
  output.append(`${file.name}, ${readableSize(file.size)}`);
}
