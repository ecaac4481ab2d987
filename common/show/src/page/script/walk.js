// `j` and `k` walk the records. `/` searches them. Escape leaves.
document.documentElement.classList.add("scripted");

const RECORDS = "#ladder :is(.arrow, .fold) > details > summary";
const box = document.querySelector(".search");
const input = box.querySelector("input");
const count = box.querySelector("output");

// Returns the heads of all records that are not inside a closed fold.
function heads() {
  return [...document.querySelectorAll(RECORDS)].filter((head) => head.checkVisibility());
}

function step(forward) {
  const all = heads();
  const record = document.activeElement.closest(":is(.arrow, .fold)");
  const at = all.indexOf(record && record.querySelector("summary"));
  const below = all.findIndex((head) => head.getBoundingClientRect().top >= 0);
  const next = at >= 0 ? all[forward ? at + 1 : at - 1] : all[forward ? below : below - 1];
  if (next) {
    show(next);
  }
}

function show(head) {
  head.focus({ preventScroll: true });
  head.scrollIntoView({ block: "nearest" });
}

// ---- search ----

const FOUND = "found";
let texts = null; // the text of each record, made by the first search
let matches = [];
let current = -1;
let opened = [];

const joined = (record, selector, between) =>
  [...record.querySelectorAll(selector)].map((part) => part.textContent).join(between);

// Returns the text of a record: titles, fields, bytes in hexadecimal, bytes as text.
function textOf(record) {
  const hex = joined(record, ".hex code", " ").replaceAll("\n", " ");
  const bytes = joined(record, ".hex samp", "").replaceAll("\n", "");
  return [joined(record, ".titles, .field, .readable pre", " "), hex, bytes].join(" ").toLowerCase();
}

// Returns the forms of a query. Hexadecimal digits are found with and without spaces.
function forms(query) {
  const text = query.trim().toLowerCase();
  const digits = text.replaceAll(" ", "");
  const isHex = /^([0-9a-f]{2}){2,}$/.test(digits);
  return text === "" ? [] : isHex ? [text, digits.match(/../g).join(" ")] : [text];
}

function search() {
  texts ??= [...document.querySelectorAll(".arrow")].map((record) => [record, textOf(record)]);
  const wanted = forms(input.value);
  matches = texts.filter(([, text]) => wanted.some((form) => text.includes(form))).map(([record]) => record);
  go(0);
}

// Shows a match: opens its record, and marks its fields.
function go(to) {
  for (const marked of document.querySelectorAll("." + FOUND)) {
    marked.classList.remove(FOUND);
  }
  for (const details of opened) {
    details.open = false;
  }
  opened = [];
  current = matches.length === 0 ? -1 : (to + matches.length) % matches.length;
  count.value = input.value.trim() === "" ? "" : `${current + 1} of ${matches.length}`;
  const record = matches[current];
  if (!record) {
    return;
  }
  for (let at = record.firstElementChild; at; at = at.parentElement.closest("#ladder details")) {
    if (!at.open) {
      at.open = true;
      opened.push(at);
    }
  }
  record.classList.add(FOUND);
  const wanted = forms(input.value);
  const isMatch = (part) => wanted.some((form) => part.textContent.toLowerCase().includes(form));
  const fields = [...record.querySelectorAll(".field, .readable pre")].filter(isMatch);
  fields.forEach((field) => field.classList.add(FOUND));
  const summary = record.querySelector("summary");
  const first = isMatch(summary) ? undefined : fields[0];
  (first ?? summary).scrollIntoView({ block: first ? "center" : "start" });
}

function leave() {
  const record = matches[current];
  opened = []; // the match stays open
  box.hidden = true;
  show(record ? record.querySelector("summary") : document.querySelector(".tools button"));
}

function ask() {
  box.hidden = false;
  input.focus();
  input.select();
}

input.addEventListener("input", search);
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target === input) {
    go(current + (event.shiftKey ? -1 : 1));
  } else if (event.key === "Escape") {
    leave();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
});
box.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) {
    button.dataset.step === undefined ? leave() : go(current + Number(button.dataset.step));
  }
});
document.querySelector(".tools [data-search]").addEventListener("click", ask);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input")) {
    return;
  }
  const action = { j: () => step(true), k: () => step(false), "/": ask }[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
