// Opens pages in headless Chromium at two widths; prints what went wrong as JSON: browse.js NODE_MODULES ORIGIN PATH...
const [modules, origin, ...paths] = process.argv.slice(2);
const { chromium } = require(`${modules}/playwright-core`);
const patience = 120000; // ms, where something else wants the processors
const axe = require("fs").readFileSync(`${modules}/axe-core/axe.min.js`, "utf8");

async function look(page, path, dark) {
    const found = [];
    const say = (kind, what) => found.push(`${path} at ${page.viewportSize().width}${dark ? ", dark" : ""}: ${kind}: ${what}`);
    page.removeAllListeners();
    page.on("console", (message) => message.type() === "error" && say("console", message.text()));
    page.on("pageerror", (error) => say("script", error.message));
    page.on("request", (request) => new URL(request.url()).origin === origin || /^(data|blob):/.test(request.url()) ||
        say("request to elsewhere", request.url()));
    page.on("response", (response) => response.status() < 400 || say(`status ${response.status()}`, response.url()));
    await page.goto(origin + path, { waitUntil: "load" });
    await page.waitForTimeout(150);
    await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity)
        .map((one) => one.finished)));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) say("wider than the window by", wide);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document));
    for (const { id, impact, nodes } of violations)
        if (impact === "serious" || impact === "critical") say(`axe ${id}`, nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "));
    return found;
}

/*
 * The links of the results, once one of them has `wanted` in it. The search listens from when its element is there, which
 * may be long after the page is; the word comes as one piece, since what finds its first letters is shown meanwhile.
 */
async function search(page, word, wanted) {
    await page.goto(origin + "/");
    await page.waitForFunction(() => [...document.body.children].some((node) => node.shadowRoot));
    await page.keyboard.press("/");
    await page.waitForFunction(() => {
        let active = document.activeElement;
        while (active && active.shadowRoot && active.shadowRoot.activeElement) active = active.shadowRoot.activeElement;
        return active && active.matches("input");
    });
    await page.keyboard.insertText(word);
    const found = await page.waitForFunction(([mark, wanted]) => {
        const links = (root) => [...root.querySelectorAll("*")].flatMap((node) => node.shadowRoot ? links(node.shadowRoot) : [])
            .concat([...root.querySelectorAll("a[href]")].map((link) => link.href));
        const hits = links(document).filter((link) => link.includes(mark));
        return hits.some((link) => link.includes(wanted)) && hits;
    }, ["?h=" + word, wanted]);
    return found.jsonValue();
}

(async () => {
    const browser = await chromium.launch({ executablePath: process.env.BROWSER, timeout: patience, args: ["--no-sandbox", "--disable-gpu"] });
    const found = [];
    for (const [width, dark] of [[360, false], [1280, false], [1280, true]]) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? "dark" : "light" });
        context.setDefaultTimeout(patience);
        const page = await context.newPage();
        for (const path of paths) found.push(...await look(page, path, dark));
        await context.close();
    }
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(patience);
    const links = paths.includes("/") ? await search(await context.newPage(), "rehearse", "/commands/?h=rehearse#arc-ci-dry-run") : [];
    await browser.close();
    console.log(JSON.stringify({ found, links }));
})();
