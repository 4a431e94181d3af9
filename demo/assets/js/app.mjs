import { preview } from "library/preview";

for (const form of document.querySelectorAll("form.upload")) {
  const input = form.querySelector("input[type=file]");
  const output = form.querySelector(".preview");
  input.addEventListener("change", () => preview(input.files[0], output));
}
