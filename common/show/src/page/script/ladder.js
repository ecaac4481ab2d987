// Opens and closes records.
document.addEventListener("keydown", (event) => {
  const details = event.key === "Escape" && document.activeElement.closest("#ladder details[open]");
  if (details) {
    details.open = false;
    details.querySelector("summary").focus();
  }
});

// A link to a record opens it. The style sheet keeps it below the heads of the two lines.
function openLinked(hash) {
  const linked = document.getElementById(hash.slice(1));
  if (linked instanceof HTMLDetailsElement) {
    for (let at = linked; at; at = at.parentElement.closest("details")) {
      at.open = true; // a record may be folded
    }
    linked.scrollIntoView();
  }
}

addEventListener("hashchange", () => openLinked(location.hash));
document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[href^='#record-']");
  if (anchor) {
    openLinked(anchor.hash); // the address may name this record already
  }
});
openLinked(location.hash);

const tools = document.querySelector(".tools");
tools.hidden = false;
tools.addEventListener("click", (event) => {
  const button = event.target.closest("[data-open], [data-close]");
  if (button) {
    for (const details of document.querySelectorAll("#ladder details")) {
      details.open = button.dataset.open !== undefined;
    }
  }
});
