// What a page does by itself: dialogs, copying, and taking over what has changed on the platform.
"use strict";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  const copier = event.target.closest("[data-copies]");
  if (copier) copy(copier);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copies);
  const words = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = words; }, 1500);
}

// Live parts have an id and `data-live`. A part in which somebody types or reads a menu stays.
function isInUse(part) {
  const active = document.activeElement;
  return part.contains(active) && active.matches("input, select, textarea, summary");
}

function takeOver(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || isInUse(part) || fresh.innerHTML === part.innerHTML) continue;
    const focused = part.contains(document.activeElement) && document.activeElement.id;
    part.innerHTML = fresh.innerHTML;
    if (focused) document.getElementById(focused)?.focus();
  }
}

let isLooking = false;
let isStale = false;

async function look() {
  if (isLooking || document.hidden) {
    isStale = true;
    return;
  }
  isLooking = true;
  isStale = false;
  try {
    const response = await fetch(location.href, { headers: { "X-Live": "1" } });
    if (response.ok) {
      takeOver(new DOMParser().parseFromString(await response.text(), "text/html"));
      document.body.dataset.looked = String(Number(document.body.dataset.looked || 0) + 1);
    }
  } catch {
    // The platform is away; the stream reconnects and says when it is back.
  }
  isLooking = false;
  if (isStale && !document.hidden) look();
}

const watch = document.body.dataset.watch;
if (watch && document.querySelector("[data-live]")) {
  const stream = new EventSource("/live?watch=" + encodeURIComponent(watch));
  stream.addEventListener("changed", look);
  stream.addEventListener("open", () => { document.body.dataset.connected = "1"; });
  document.addEventListener("visibilitychange", () => { if (isStale) look(); });
}
// A menu that is wider than a phone begins where the person is.
for (const here of document.querySelectorAll("nav [aria-current]")) {
  here.scrollIntoView({ block: "nearest", inline: "center" });
}
for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
