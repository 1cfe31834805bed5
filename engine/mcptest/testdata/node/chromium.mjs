// Chromium, driven line by line: a command is a JSON object on standard input, what is
// then seen is one on standard output. Each user has a context of their own, with its own
// cookies. It ends with its standard input.
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  headless: true,
  // Nothing outside of this machine: the provider's pages ask for a font.
  args: ['--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
});
const pages = new Map();

async function pageOf(user) {
  if (!pages.has(user)) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    page.complaints = [];
    page.statuses = new Map();
    page.on('console', (m) => { if (m.type() === 'error') page.complaints.push(m.text()); });
    page.on('response', (r) => { if (r.request().isNavigationRequest()) page.statuses.set(r.url(), r.status()); });
    pages.set(user, page);
  }
  return pages.get(user);
}

const settle = (page) => page.waitForNetworkIdle({ idleTime: 300, timeout: 20_000 });

const operations = {
  open: async (page, { url }) => { await page.goto(url, { waitUntil: 'load' }); },
  back: async (page) => { await page.goBack({ waitUntil: 'load' }); },
  see: async () => {},
  // fill types into the fields that are there.
  fill: async (page, { fields }) => {
    for (const [name, value] of Object.entries(fields)) {
      const field = await page.$(`input[name="${name}"]`);
      if (field) await field.type(value);
    }
  },
  // press clicks the button whose text begins with a word, more than once if it says so.
  press: async (page, { button, times }) => {
    for (const b of await page.$$('button, input[type=submit]')) {
      const text = await b.evaluate((e) => (e.innerText || e.value).trim());
      if (text.toLowerCase().startsWith(button.toLowerCase())) {
        await b.click({ count: times ?? 1 });
        return;
      }
    }
    throw new Error(`there is no button ${button}`);
  },
};

async function look(page) {
  const frames = [];
  for (const f of page.frames().slice(1)) {
    frames.push({ url: f.url(), forms: await f.$$eval('form', (all) => all.length).catch(() => 0) });
  }
  return {
    url: page.url(),
    status: page.statuses.get(page.url()) ?? 0,
    title: await page.title(),
    text: await page.evaluate(() => document.body?.innerText ?? ''),
    buttons: await page.$$eval('button, input[type=submit]', (all) => all.map((b) => (b.innerText || b.value).trim())),
    fields: await page.$$eval('input:not([type=hidden])', (all) => all.map((i) => i.name)),
    frames,
    complaints: page.complaints.splice(0),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    const page = await pageOf(command.user);
    await operations[command.do](page, command);
    await settle(page);
    console.log(JSON.stringify(await look(page)));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.stack ?? error) }));
  }
}
await browser.close();
process.exit(0);
