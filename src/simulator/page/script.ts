/** How often the page looks for news, ms. */
const EVERY_MS = 2_500;

/**
 * Keeps the page up to date without anybody noticing: it asks for itself again, while it is in sight and nothing in it is
 * selected, and takes over the parts that have changed, each by its id. Without it the page is the same, and stands still.
 */
export const SCRIPT = `
const parts = () => document.querySelectorAll('[data-live]');
async function refresh() {
  if (document.hidden || !document.getSelection().isCollapsed) return;
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!answer.ok) throw new Error(answer.status);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const old of parts()) {
    const part = fresh.getElementById(old.id);
    if (part === null) continue;
    for (const open of old.querySelectorAll('details[open]')) part.querySelector('#' + open.id)?.setAttribute('open', '');
    if (part.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(part));
  }
}
async function again() {
  await refresh().then(() => document.body.classList.remove('away'), () => document.body.classList.add('away'));
  setTimeout(again, ${EVERY_MS});
}
setTimeout(again, ${EVERY_MS});
`;
