// The audit that the report's page shows: the JSON in #data.

const audit = JSON.parse(document.getElementById("data").textContent);

const rows = audit.doubted.map((found, place) => {
  const [id, row, given, values] = audit.pool[place];
  return { ...found, id, row, given, values, pool: audit.pool, rank: place + 1 };
});
