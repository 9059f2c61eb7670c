"use strict";

// Texts of the registry only ever become text nodes: nothing in them can run.
const root = document.body.dataset.root;

function element(name, text, properties) {
  return Object.assign(document.createElement(name), { textContent: text }, properties);
}

// As Python's casefold, but for a few letters that no name has.
function key(name) {
  return name.toUpperCase().toLowerCase().replace(/[-_]/g, "");
}

// The runs of letters and digits of a text, each with its parts, as docs/registry.md says: DiceLoss is dice, loss.
function runs(text) {
  const found = text.normalize("NFKC").match(/[\p{L}\p{N}_-]+/gu) || [];
  return found.map((run) => ({
    whole: key(run),
    parts: (run.match(/[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+|[^\x00-\x7f]+/g) || []).map(key),
  })).filter((run) => run.whole && run.whole.length <= 40);
}

const known = new Map(); // what was read, so that nothing is asked for twice

function read(folder, word) {
  const place = `${folder}/${word}`;
  if (!known.has(place)) known.set(place, load(folder, word));
  known.get(place).catch(() => known.delete(place));
  return known.get(place);
}

async function load(folder, word) {
  let stem = word;
  if (!/^[a-z0-9]+$|^[a-z][a-z0-9_]*\.[a-z0-9.-]+$/.test(word)) { // words, and lists such as loss.level-gold
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(word));
    stem = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const answer = await fetch(`${root}${folder}/${stem}.json`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

async function hitsOf(word) {
  return ((await read("search", word))?.hits || []).map((hit) => ({ score: 0, since: "", ...hit }));
}

async function wordsLike(beginning) {
  return beginning.length < 2 ? [] : (await read("prefixes", beginning))?.words || [];
}

function name(hit) {
  return `${hit.kind}/${hit.distribution}/${hit.name}`;
}

function join(lists) {
  return [...new Map(lists.flat().map((hit) => [name(hit), hit])).values()];
}

function intersect(lists) {
  const others = lists.slice(1).map((hits) => new Set(hits.map(name)));
  return lists[0].filter((hit) => others.every((found) => found.has(name(hit))));
}

// A few files at a time, since each may have 200 hits.
async function hitsOfLonger(word) {
  const words = await wordsLike([...word].slice(0, 4).join(""));
  const longer = words.filter((each) => each !== word && each.startsWith(word)).slice(0, 24);
  let hits = [];
  while (longer.length && hits.length < 100) {
    hits = join([hits, ...await Promise.all(longer.splice(0, 3).map(hitsOf))]);
  }
  return hits;
}

// A word stands for itself. One that nothing has stands for those that begin with it; the last one, which is
// being typed, always does.
async function hitsOfWord(word, isLast) {
  const hits = await hitsOf(word);
  return hits.length && !isLast ? hits : join([hits, await hitsOfLonger(word)]);
}

async function hitsOfRun({ whole, parts }, isLast) {
  const hits = await hitsOfWord(whole, isLast);
  if (hits.length || parts.length < 2) return hits;
  const last = parts.length - 1;
  return intersect(await Promise.all(parts.map((part, at) => hitsOfWord(part, isLast && at === last))));
}

async function search(text) {
  const found = runs(text);
  if (found.length === 0) return [];
  const last = found.length - 1;
  const hits = intersect(await Promise.all(found.map((run, at) => hitsOfRun(run, at === last))));
  const whole = key(text.replace(/\s/g, ""));
  const isEnding = (hit) => (["deprecated", "archived"].includes(hit.lifecycle) ? 3 : 0);
  const rank = (hit) => isEnding(hit) + (key(hit.name) === whole ? 0 : key(hit.name).startsWith(whole) ? 1 : 2);
  const words = found.flatMap((run) => (run.parts.length ? run.parts : [run.whole]));
  const unnamed = (hit) => words.filter((word) => !key(hit.name).includes(word)).length;
  // For one word, the order of its file stays, which has the score in it.
  const standing = (one, other) => (words.length < 2 ? 0
    : unnamed(one) - unnamed(other) || other.score - one.score || one.since.localeCompare(other.since));
  return hits.sort((one, other) => rank(one) - rank(other) || standing(one, other));
}

// The number of letters to insert, leave out or replace, or to exchange with the next.
function distance(one, other) {
  const rows = [];
  for (let i = 0; i <= one.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= other.length; j++) {
      if (i === 0) { rows[0].push(j); continue; }
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + !isSame);
      const isExchanged = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isExchanged) least = Math.min(least, rows[i - 2][j - 2] + 1);
      rows[i].push(least);
    }
  }
  return rows[one.length][other.length];
}

// The text with each word that nothing has replaced by the nearest one that begins with the same two characters.
async function suggest(text) {
  const fixed = await Promise.all(runs(text).map(async ({ whole, parts }) => {
    const words = parts.length > 1 ? parts : [whole];
    return Promise.all(words.map(async (word) => {
      if ((await hitsOfWord(word, true)).length) return word;
      const near = (await wordsLike([...word].slice(0, 2).join("")))
        .map((each) => [distance(word, each), each]).filter(([far]) => far <= (word.length < 5 ? 1 : 2));
      return near.length ? near.reduce((best, each) => (each[0] < best[0] ? each : best))[1] : null;
    }));
  }));
  const words = fixed.flat();
  const suggestion = words.join(" ");
  const isAnswer = words.length > 0 && !words.includes(null) && (await search(suggestion)).length > 0;
  return isAnswer ? suggestion : "";
}

function row(hit) {
  const address = `${root}catalogue/components/${encodeURIComponent(hit.kind)}/${encodeURIComponent(key(hit.name))}.html`;
  const item = element("li", "");
  item.append(
    element("a", hit.is_qualified_only ? `${hit.distribution}/${hit.name}` : hit.name, { href: address }), " ",
    element("span", hit.kind, { className: "kind" }), " ",
    element("span", hit.distribution, { className: "version" }),
    ...(hit.level ? [" ", element("span", hit.level, { className: "kind" })] : []),
    ...(hit.lifecycle ? [" ", element("span", hit.lifecycle, { className: "kind" })] : []),
    element("div", hit.summary),
  );
  return item;
}

const levels = ["bronze", "silver", "gold"];
const stages = ["experimental", "deprecated", "archived"]; // later than all others, in this order
const orders = {
  score: (one, other) => other.score - one.score || one.since.localeCompare(other.since),
  newest: (one, other) => other.since.localeCompare(one.since),
  name: (one, other) => key(one.name).localeCompare(key(other.name)),
};

function fits(hit, { kind, level, lifecycle, licence }) {
  return (!kind || hit.kind === kind) && (!lifecycle || hit.lifecycle === lifecycle)
    && (!licence || hit.licence === licence) && levels.indexOf(hit.level) >= levels.indexOf(level);
}

// Components of a kind without words: those of the lists that the filters name, each of which has 200 at most.
async function browse({ kind, level, lifecycle, licence }) {
  const facets = [
    ...(level ? levels.slice(levels.indexOf(level)).map((each) => `level-${each}`) : []),
    ...(lifecycle ? [`lifecycle-${lifecycle}`] : []), ...(licence ? [`licence-${licence}`] : []),
  ];
  const lists = await Promise.all((facets.length ? facets : ["all"]).map((each) => hitsOf(`${kind}.${each}`)));
  const rank = (hit) => stages.indexOf(hit.lifecycle);
  return join(lists).sort((one, other) => rank(one) - rank(other) || orders.score(one, other));
}

function count(number) {
  return number === 1 ? "1 component" : `${number} components`;
}

function startSearch(form) {
  const input = form.querySelector("input");
  const selects = [...form.querySelectorAll("select")];
  const status = document.getElementById("status");
  let latest = 0;
  async function find(text, { sort, ...filters }) {
    if (!text && !filters.kind) {
      return [[], Object.keys(filters).length ? "Choose a kind, or type a word." : ""];
    }
    const hits = text ? await search(text) : await browse(filters);
    const wanted = hits.filter((hit) => fits(hit, filters));
    if (sort in orders) wanted.sort(orders[sort]);
    if (wanted.length) return [wanted, count(wanted.length)];
    if (hits.length) return [[], `Nothing found that fits, and ${count(hits.length)} without all filters.`];
    if (!text) return [[], "Nothing found."];
    const suggestion = await suggest(text);
    return [[], "Nothing found.", suggestion];
  }
  async function run() {
    const number = ++latest;
    const text = input.value.trim();
    const chosen = Object.fromEntries(selects.filter(({ value }) => value).map(({ id, value }) => [id, value]));
    const [hits, message, suggestion] = await find(text, chosen).catch(
      (error) => [[], `The search does not work: ${error.message}`]);
    if (number !== latest) return; // a newer search runs
    status.textContent = message;
    if (suggestion) status.append(" Did you mean ", chooser(suggestion), "?");
    document.getElementById("hits").replaceChildren(...hits.map(row));
    const asked = new URLSearchParams({ ...(text && { words: text }), ...chosen });
    history.replaceState(null, "", `${location.pathname}${asked.size ? `?${asked}` : ""}`);
  }
  function chooser(suggestion) {
    const button = element("button", suggestion, { type: "button" });
    button.addEventListener("click", () => { input.value = suggestion; input.focus(); run(); });
    return button;
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); run(); });
  let timer;
  for (const select of selects) select.addEventListener("change", run);
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(run, 200); });
  const asked = new URLSearchParams(location.search);
  input.value = asked.get("words") || "";
  for (const select of selects) {
    select.value = asked.get(select.id) || "";
    if (select.selectedIndex < 0) select.value = "";
  }
  if (asked.size) run();
}

// Without scripts nothing could be copied, so the buttons are made here.
for (const code of document.querySelectorAll(".copied code")) {
  const text = code.textContent;
  const button = element("button", "Copy", { type: "button", ariaLabel: `Copy: ${text}` });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  code.after(" ", button);
}
const form = document.getElementById("search");
if (form) startSearch(form);
