// A field above each long table of names, which hides the rows that do not have the words.
document.querySelectorAll(".md-content table").forEach((table) => {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 20 || !rows[0].querySelector("a")) return;
  const field = document.createElement("input");
  field.type = "search";
  field.className = "filter";
  field.placeholder = `Filter ${rows.length} names`;
  field.setAttribute("aria-label", field.placeholder);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    });
  });
  (table.closest(".md-typeset__scrollwrap") || table).before(field);
});
