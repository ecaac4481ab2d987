// Highlights a key together with the records that it protects, and a record together with its key.
const LIT_KEY = "lit-key";

// The nodes that are made from each key.
const below = new Map();
for (const node of document.querySelectorAll(".node[data-from]")) {
  for (const from of node.dataset.from.split(" ").filter((name) => name)) {
    below.set(from, (below.get(from) ?? []).concat(node.dataset.key));
  }
}

// A key, and all keys that are made from it.
function family(key) {
  const found = new Set([key]);
  for (const name of found) {
    for (const next of below.get(name) ?? []) {
      found.add(next);
    }
  }
  return found;
}

function lightKeys(target) {
  for (const lit of document.querySelectorAll("." + LIT_KEY)) {
    lit.classList.remove(LIT_KEY);
  }
  const one = target instanceof Element && target.closest(".node[data-key], :is(.arrow, .run)[data-key]");
  if (!one) {
    return;
  }
  const isNode = one.classList.contains("node");
  const keys = isNode ? family(one.dataset.key) : new Set([one.dataset.key]);
  for (const other of document.querySelectorAll("[data-key]")) {
    if (keys.has(other.dataset.key)) {
      other.classList.add(LIT_KEY);
    }
  }
}

// A tap on a phone moves the focus.
document.addEventListener("mouseover", (event) => lightKeys(event.target));
document.addEventListener("focusin", (event) => lightKeys(event.target));

// A link to a key opens its node.
function openKey(hash) {
  const node = hash.startsWith("#key-") && document.getElementById(hash.slice(1));
  if (node instanceof HTMLDetailsElement) {
    node.open = true;
    node.scrollIntoView();
    node.querySelector("summary").focus({ preventScroll: true });
  }
}

addEventListener("hashchange", () => openKey(location.hash));
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#key-']");
  if (link) {
    openKey(link.hash); // the address may name this key already
  }
});
openKey(location.hash);
