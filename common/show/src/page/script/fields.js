// Highlights a field together with its bytes.
const LIT = "lit";

function unlight() {
  for (const lit of document.querySelectorAll("." + LIT)) {
    lit.classList.remove(LIT);
  }
}

// A field highlights its bytes and those of the fields inside it. A byte highlights its innermost field.
function light(target) {
  unlight();
  const one = target instanceof Element && target.closest("[data-f]");
  const block = one && one.closest(".block");
  if (!block) {
    return;
  }
  const first = Number(one.dataset.f);
  const last = Number(one.dataset.last ?? one.dataset.f);
  for (const other of block.querySelectorAll("[data-f]")) {
    const number = Number(other.dataset.f);
    if (other === one || (other.localName === "b" ? number >= first && number <= last : number === first)) {
      other.classList.add(LIT);
    }
  }
  reveal(one.closest(".hex") ? null : block.querySelector(".hex ." + LIT));
}

// Scrolls the bytes, but not the page, until this byte is visible.
function reveal(byte) {
  const hex = byte && byte.closest(".hex");
  if (hex && (byte.offsetTop < hex.scrollTop || byte.offsetTop > hex.scrollTop + hex.clientHeight - 20)) {
    hex.scrollTop = byte.offsetTop - hex.clientHeight / 3;
  }
}

document.addEventListener("mouseover", (event) => light(event.target));
document.addEventListener("focusin", (event) => light(event.target));

// A click on a byte moves the focus to its field.
document.addEventListener("click", (event) => {
  const byte = event.target.closest(".hex [data-f]");
  const field = byte && byte.closest(".block").querySelector(`.field[data-f="${byte.dataset.f}"]`);
  if (field) {
    field.focus();
  }
});
