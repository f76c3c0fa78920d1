/** The page's looks, in light and in dark. No font, picture or sheet is fetched: it works without a network. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --line: #dfe3e8; --text: #1c2330; --soft: #667085; --accent: #4b45c6;
  --good: #0b7a4b; --good-ground: #e3f5ec; --wait: #8a5a00; --wait-ground: #fdf1d7; --bad: #b3261e; --bad-ground: #fde8e6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151b; --card: #1a1f27; --line: #2c333e; --text: #e4e8ee; --soft: #98a2b3; --accent: #a5a1ff;
    --good: #6fd6a5; --good-ground: #15352a; --wait: #f0c674; --wait-ground: #3a2e14; --bad: #ff9c94; --bad-ground: #41201e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 6px 20px; align-items: center;
  padding: 10px 20px; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 16px; }
h1 a { color: inherit; }
h2 { margin: 0 0 8px; font-size: 14px; }
h2 small, .soft { color: var(--soft); font-weight: normal; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; padding: 16px 20px; align-items: start; }
main > div { display: grid; gap: 16px; }
#objects, #object { grid-column: 1 / -1; }
@media (max-width: 1000px) { main { grid-template-columns: minmax(0, 1fr); } }
section { padding: 12px 14px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
nav, nav > span { display: flex; flex-wrap: wrap; gap: 4px; }
section > nav { margin-bottom: 8px; }
nav a { padding: 2px 8px; border: 1px solid var(--line); border-radius: 999px; }
nav a[aria-current] { background: var(--accent); border-color: var(--accent); color: var(--card); }
table { width: 100%; border-collapse: collapse; }
th { padding: 2px 12px 4px 0; color: var(--soft); font-weight: normal; text-align: left; white-space: nowrap; }
td { padding: 3px 10px 3px 0; border-top: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.tight { white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
td.wide { max-width: 40ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
code, pre { font: 12.5px/1.5 ui-monospace, monospace; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; }
details + details { margin-top: 6px; }
details pre { padding: 8px 0 0 14px; }
.pill { padding: 0 7px; border-radius: 999px; white-space: nowrap; }
.good { color: var(--good); background: var(--good-ground); }
.wait { color: var(--wait); background: var(--wait-ground); }
.bad { color: var(--bad); background: var(--bad-ground); }
form { display: flex; gap: 6px; align-items: center; margin: 0; }
input, button { padding: 3px 8px; border: 1px solid var(--line); border-radius: 6px; background: var(--ground); color: inherit; font: inherit; }
input { width: 9ch; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
#away { display: none; color: var(--bad); }
.away #away { display: inline; }
.away main { opacity: .5; }
`;
