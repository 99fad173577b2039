// The console's own script. Everything works without it; it makes pages live and quick to reach by keyboard.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const say = (text) => { const at = $("#say"); if (at) at.textContent = text; };

// Theme: the system's, unless somebody chose.
const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-set]");
  if (!button) return;
  const wanted = button.dataset.themeSet;
  if (wanted) { document.documentElement.dataset.theme = wanted; localStorage.setItem("theme", wanted); }
  else { delete document.documentElement.dataset.theme; localStorage.removeItem("theme"); }
});

// Times: exact ones in the viewer's zone on hover.
function localTimes(within = document) {
  for (const time of all("time[datetime]", within)) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = `${at.toLocaleString()} (${time.dateTime})`;
  }
}

// Fetches the page anew and puts its live part in place of the old one. What is asked for meanwhile is done afterwards:
// the page that is on its way may have been drawn before it. Nothing is taken from under somebody who types.
let swapping = false, again = "", later = "";
async function swap(selector) {
  const old = $(selector);
  if (!old) return;
  if (swapping) { again = selector; return; }
  if (old.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) { later = selector; return; }
  swapping = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = $(selector, fresh);
    if (now) { $(selector).replaceWith(document.adoptNode(now)); localTimes(); sift(); follow(); }
  } finally {
    swapping = false;
    const next = again;
    again = "";
    if (next) swap(next);
  }
}
document.addEventListener("focusout", () => {
  const next = later;
  later = "";
  // The focus has moved on only after this event.
  if (next) setTimeout(() => swap(next));
});

// The log follows its end, unless somebody scrolled up.
let following = true;
function follow() {
  const log = $("#log");
  if (!log) return;
  log.addEventListener("scroll", () => { following = log.scrollTop + log.clientHeight > log.scrollHeight - 30; });
  if (following) log.scrollTop = log.scrollHeight;
}

// The log shows what is searched for; what is chosen stays when the page is drawn anew around it.
const wanted = { "log-q": "", "log-level": "" };
const fits = (item) => item.textContent.toLowerCase().includes(wanted["log-q"]) && (!wanted["log-level"] || item.classList.contains(wanted["log-level"]));
function sift() {
  const tools = $("[data-log-tools]");
  if (!tools) return;
  tools.hidden = false;
  for (const field of all("input, select", tools)) if (field.value.toLowerCase() !== wanted[field.id]) field.value = wanted[field.id];
  for (const item of all("#log li")) item.hidden = !fits(item);
}
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-log-tools] *")) return;
  wanted[event.target.id] = event.target.value.toLowerCase();
  sift();
});

function addLine(line) {
  const log = $("#log");
  if (!log) return;
  const item = document.createElement("li");
  item.className = line.level;
  const at = document.createElement("time");
  at.dateTime = line.at;
  at.textContent = line.at.slice(11, 19);
  const stage = document.createElement("span");
  stage.className = "stage";
  stage.textContent = line.stage;
  const text = document.createElement("span");
  text.className = "text";
  text.textContent = line.text;
  item.append(at, stage, text);
  item.hidden = !fits(item);
  log.append(item);
  while (log.children.length > 2000) log.firstChild.remove();
  if (following) log.scrollTop = log.scrollHeight;
}

function setStage(stage) {
  const body = $("#stages tbody");
  if (!body) return;
  let row = all("tr", body).find((known) => known.dataset.stage === stage.name);
  if (!row) {
    row = document.createElement("tr");
    row.dataset.stage = stage.name;
    for (let i = 0; i < 5; i++) { const cell = document.createElement("td"); if (i > 1) cell.className = "n"; row.append(cell); }
    body.append(row);
  }
  const texts = [stage.name, stage.state, `${stage.done}/${stage.lists}`, stage.pages, stage.items];
  texts.forEach((text, i) => { row.children[i].textContent = text; });
  const waiting = $("#waiting");
  if (waiting) waiting.textContent = "";
}

function setLabel(id, label) {
  for (const chip of all(`[data-label="${CSS.escape(id)}"]`)) {
    if ($(".text", chip).textContent !== label.text) say(label.text);
    chip.className = `chip tone-${label.tone}`;
    $(".sign", chip).textContent = label.sign;
    $(".text", chip).textContent = label.text;
  }
  for (const reason of all(`[data-reason="${CSS.escape(id)}"]`)) reason.textContent = label.reason;
}

// Live: server-sent events; the browser connects again by itself.
const live = $("[data-live]");
if (live && window.EventSource) {
  const only = live.dataset.live;
  const source = new EventSource(only ? `/api/events?connector=${encodeURIComponent(only)}` : "/api/events");
  const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  on("label", ({ connector, data }) => {
    setLabel(connector, data);
    if ($("[data-swap]")) swap("[data-swap]"); else if (data.tone !== "blue") swap("[data-live]");
  });
  on("stage", ({ data }) => setStage(data.stage));
  on("wait", ({ data }) => { const at = $("#waiting"); if (at) at.textContent = `waiting ${data.seconds} s for Okta's rate limit (${data.bucket})`; });
  on("log", ({ data }) => addLine(data));
  // What happened between drawing the page and listening is drawn once more.
  source.addEventListener("open", () => { if ($("#stages")) swap("[data-swap]"); });
  source.addEventListener("behind", () => swap("[data-swap]"));
  addEventListener("pagehide", () => source.close());
}

// Search as you type: the list below is drawn by the server, as without script.
let typing;
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.matches("[data-filter]")) {
    const needle = field.value.toLowerCase();
    for (const item of $(field.dataset.filter).children) item.hidden = !item.textContent.toLowerCase().includes(needle);
  }
  if (!field.matches("[data-as-you-type]")) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const url = new URL(location.href);
    url.searchParams.set("q", field.value);
    const fresh = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
    const now = $("#hits", fresh);
    if (now) { $("#hits").replaceWith(document.adoptNode(now)); history.replaceState(null, "", url); }
  }, 150);
});

// Enter on a single hit adds it.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-only-hit]")) {
    const hits = all("[data-add]");
    const typed = $("input", form).value;
    if (hits.length === 1 && new URL(location.href).searchParams.get("q") === typed) { event.preventDefault(); location.href = hits[0].href; }
  }
  form.dataset.sent = "yes";
});

// A form with changes asks before it is left.
addEventListener("beforeunload", (event) => {
  for (const form of all("form[data-guard]")) {
    const changed = [...form.elements].some((e) => e.type === "checkbox" || e.type === "radio" ? e.checked !== e.defaultChecked : "defaultValue" in e && e.value !== e.defaultValue);
    if (changed && !form.dataset.sent) event.preventDefault();
  }
});

// Pasted tokens and domains lose the blanks around them.
document.addEventListener("paste", (event) => {
  if (!event.target.matches("#domain, #api_token, #aws_okta_app_id")) return;
  event.preventDefault();
  const text = event.clipboardData.getData("text").trim();
  event.target.setRangeText(text, event.target.selectionStart, event.target.selectionEnd, "end");
});

// Keyboard: / search, g and a letter, j and k through rows, ? help.
let afterG = false;
let row = -1;
const KEYS = [["/", "search"], ["g and a letter", "go to a page"], ["j, k", "next and previous row"], ["Enter", "open the row"], ["?", "this help"]];

function help() {
  let box = $("dialog");
  if (!box) {
    box = document.createElement("dialog");
    const title = document.createElement("h2");
    title.textContent = "Keyboard";
    const list = document.createElement("dl");
    const pages = all("nav a[data-key]").map((a) => [`g ${a.dataset.key}`, a.textContent]);
    for (const [key, what] of [...KEYS, ...pages]) {
      const dt = document.createElement("dt"), code = document.createElement("code"), dd = document.createElement("dd");
      code.textContent = key; dt.append(code); dd.textContent = what; list.append(dt, dd);
    }
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => box.close());
    box.append(title, list, close);
    document.body.append(box);
  }
  box.showModal();
}

function moveRow(by) {
  const rows = all("main tbody tr");
  if (rows.length === 0) return;
  rows.forEach((r) => r.classList.remove("here"));
  row = Math.max(0, Math.min(rows.length - 1, row + by));
  rows[row].classList.add("here");
  rows[row].scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, dialog[open] *")) return;
  if (afterG) {
    afterG = false;
    const to = all("nav a[data-key]").find((a) => a.dataset.key === event.key);
    if (to) location.href = to.href;
    return;
  }
  if (event.key === "g") { afterG = true; setTimeout(() => { afterG = false; }, 1500); }
  else if (event.key === "/") { const search = $("input[type=search]"); if (search) { event.preventDefault(); search.focus(); } }
  else if (event.key === "j") moveRow(1);
  else if (event.key === "k") moveRow(-1);
  else if (event.key === "Enter" && $("tr.here a")) location.href = $("tr.here a").href;
  else if (event.key === "?") help();
});

localTimes();
sift();
follow();
