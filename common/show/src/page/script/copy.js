// Copies bytes and certificates.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text); // a page that is not in a secure context has no clipboard
  }
}

function copySelected(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

// The timer of each button that shows its result instead of its label.
const timers = new WeakMap();

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) {
    return;
  }
  const source = button.parentElement;
  const rows = [...source.querySelectorAll(":scope > .pane .hex code, :scope > pre")].map((row) => row.textContent);
  button.dataset.label ??= button.textContent; // a second click finds the result of the first one
  button.textContent = (await copy(rows.join("\n"))) ? "Copied" : "Not copied";
  button.focus();
  clearTimeout(timers.get(button));
  timers.set(button, setTimeout(() => (button.textContent = button.dataset.label), 1500));
});
