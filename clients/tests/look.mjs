// Opens the page of `rotortree serve` in Chromium, trusts a head, goes to a leaf, and prints what a
// reader sees: `node look.mjs URL HEAD INDEX`.

import { Chromium } from "../../crates/server/explorer/tests/page/chromium.js";

const [url, head, index] = process.argv.slice(2);
const browser = await Chromium.launch([]);
try {
  const page = await browser.open({ width: 1280, height: 800, scheme: "light" });
  await page.goto(url);
  const submit = (id, field, value) => {
    const form = document.getElementById(id);
    form.elements[field].value = value;
    form.requestSubmit();
    return true;
  };
  const verdict = (id) => {
    const element = document.getElementById(id);
    if (element.hidden || element.classList.contains("busy")) return null;
    return `${element.className}: ${element.querySelector(".sentence").textContent}`;
  };
  await page.until(() => document.body.classList.contains("ready"));
  await page.evaluate(submit, "trust-form", "head", head);
  const trusted = () => document.getElementById("trust-verdict").classList.contains("good");
  await page.until(trusted);
  await page.evaluate(submit, "leaf-form", "leaf", index);
  console.log(await page.until(verdict, "leaf-verdict"));
  const nodes = () => document.querySelectorAll("#leaf-result svg rect").length;
  console.log(`${await page.evaluate(nodes)} nodes drawn`);
} finally {
  await browser.close();
}
