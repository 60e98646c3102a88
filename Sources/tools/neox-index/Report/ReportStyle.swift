/// The page's style: for light and dark, wide and narrow, and for paper.
///
/// It holds none of the characters that XML would want escaped.
let reportStyle: Markup = """
  :root{--paper:#f7f5f0;--card:#fffefb;--ink:#1d1e22;--soft:#62636c;--line:#dfdbd1;--grid:#ebe7de;\
  --a:#2b5ea7;--a-soft:#d4e0f2;--a-fill:#e9eff8;--b:#b3541e;--good:#d3ecd9;--good-ink:#14532d;\
  --good-line:#3f9a5f;--warn:#9a3412;--bad:#f9d9d2;--bad-ink:#7f1d1d;--on:#ffffff;\
  --c0:#2b5ea7;--c1:#b3541e;--c2:#3b7d54;--c3:#7d55a0;--c4:#99782a;--c5:#4b6b78}
  @media (prefers-color-scheme:dark){:root{--paper:#131418;--card:#1b1d23;--ink:#e9e7e1;\
  --soft:#a2a4ae;--line:#32353e;--grid:#262932;--a:#84b1f7;--a-soft:#2a3c5c;--a-fill:#1d2533;\
  --b:#f0a06a;--good:#173a25;--good-ink:#b5ecc7;--good-line:#5fbf83;--warn:#fdba8c;--bad:#4a1d1a;\
  --bad-ink:#fecaca;--on:#101114;--c0:#84b1f7;--c1:#f0a06a;--c2:#7fcb9b;--c3:#c5a3e6;--c4:#dcc06c;\
  --c5:#9dbdca}}
  *{box-sizing:border-box}
  html{-webkit-text-size-adjust:100%}
  body{margin:0;background:var(--paper);color:var(--ink);\
  font:16px/1.55 system-ui,-apple-system,"Segoe UI",Inter,Roboto,"Noto Sans",sans-serif;\
  font-variant-numeric:tabular-nums}
  main{max-width:1064px;margin:0 auto;padding:48px 32px 32px}
  h1,h2,h3{font-weight:650;line-height:1.2;letter-spacing:-.015em;text-wrap:balance;\
  overflow-wrap:anywhere}
  h1{font-size:2.2rem;margin:0 0 6px}
  h2{font-size:1.55rem;margin:0}
  h3{font-size:1.12rem;margin:40px 0 4px}
  p{margin:0}
  .lead,.path,.origin,.quiet,footer{color:var(--soft)}
  .lead{max-width:80ch;text-wrap:pretty}
  .path{font-size:.88rem;overflow-wrap:anywhere}
  h2+.lead{margin-top:6px}
  section{margin-top:48px;padding-top:28px;border-top:1px solid var(--line)}
  .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:12px;\
  margin:24px 0 0}
  .tiles div{background:var(--card);border:1px solid var(--line);border-radius:10px;\
  padding:12px 16px 14px}
  dt{color:var(--soft);font-size:.82rem}
  dd{margin:0}
  .tiles dd{font-size:1.5rem;font-weight:620;letter-spacing:-.02em;line-height:1.3}
  .tiles small{display:block;font-size:.8rem;font-weight:400;letter-spacing:0;color:var(--soft)}
  .tiles .bad small{color:var(--warn);font-weight:600}
  figure{margin:14px 0 0;padding:18px 16px 10px;background:var(--card);\
  border:1px solid var(--line);border-radius:10px}
  svg{display:block;width:100%;height:auto;font-size:12.5px}
  svg.narrow{display:none}
  svg text{fill:var(--soft)}
  svg .note,svg .token{fill:var(--ink);font-weight:600}
  svg .token{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Noto Sans Mono",monospace;\
  font-weight:400;paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
  svg .halo{paint-order:stroke;stroke:var(--a-fill);stroke-width:4px;stroke-linejoin:round}
  svg .name{font-style:italic}
  svg .grid{stroke:var(--grid)}
  svg .axis,svg .mark{stroke:var(--soft)}
  svg .bar{fill:var(--a)}
  svg .bar:hover{fill:var(--b)}
  svg .band{fill:var(--a-fill)}
  svg .median{stroke:var(--b);stroke-width:2}
  svg .curve{fill:none;stroke:var(--a);stroke-width:2.5;stroke-linejoin:round}
  svg .area{fill:var(--a-fill)}
  svg .guide{stroke:var(--soft);stroke-dasharray:2 5;stroke-linecap:round}
  svg .dot{fill:var(--card);stroke:var(--b);stroke-width:2.5}
  .strip{display:flex;flex-wrap:wrap;gap:6px 0;margin:12px 0 0}
  .strip div{flex:1 1 84px;padding:0 10px;border-left:1px solid var(--line)}
  .strip dd{font-weight:600}
  details{margin-top:14px}
  summary{cursor:pointer;color:var(--a);font-size:.9rem}
  summary:focus-visible{outline:2px solid var(--a);outline-offset:3px;border-radius:3px}
  .scroll{overflow-x:auto;margin-top:16px;background:linear-gradient(90deg,var(--paper) 30%,\
  transparent) 0 0/40px 100% no-repeat local,linear-gradient(270deg,var(--paper) 30%,transparent) \
  100% 0/40px 100% no-repeat local,linear-gradient(90deg,var(--line),transparent) 0 0/12px 100% \
  no-repeat scroll,linear-gradient(270deg,var(--line),transparent) 100% 0/12px 100% no-repeat scroll}
  table{border-collapse:collapse;width:100%;margin-top:10px;font-size:.9rem}
  .scroll table{margin-top:0}
  details table{width:auto;min-width:280px}
  caption{text-align:left;font-weight:600;padding-bottom:4px}
  th,td{padding:4px 14px 4px 0;text-align:right;border-bottom:1px solid var(--grid);\
  white-space:nowrap}
  thead th{color:var(--soft);font-weight:500;border-bottom-color:var(--line)}
  tbody th{font-weight:500}
  .text{text-align:left}
  td.text,th.text{padding-left:6px}
  code{font:.86em/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"Noto Sans Mono",monospace;\
  background:var(--a-fill);padding:1px 5px;border-radius:4px;white-space:pre}
  .meter{width:38%;text-align:left}
  td.meter{position:relative}
  .meter i{display:inline-block;height:.7em;background:var(--a);border-radius:2px;\
  width:calc((100% - 4.6em)*var(--length));vertical-align:-.02em;min-width:1px}
  .meter b{font-weight:400;color:var(--soft);padding-left:8px}
  .legend{display:flex;flex-wrap:wrap;gap:4px 22px;list-style:none;margin:12px 0 0;padding:0;\
  font-size:.86rem;color:var(--soft)}
  .key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.5em;\
  vertical-align:-.05em}
  .share{display:flex;align-items:center;gap:16px;margin-top:14px}
  .tiles+.share{margin-top:28px}
  .share-name{flex:0 0 104px;color:var(--soft);font-size:.88rem;text-align:right}
  .stack{flex:1;display:flex;gap:2px;height:34px;border-radius:6px;overflow:hidden;min-width:0}
  .stack i{flex:0 1 0;min-width:2px;font:600 .82rem/34px system-ui,sans-serif;text-align:center;\
  color:var(--on);overflow:hidden;white-space:nowrap}
  .c0{background:var(--c0)}.c1{background:var(--c1)}.c2{background:var(--c2)}\
  .c3{background:var(--c3)}.c4{background:var(--c4)}.c5{background:var(--c5)}
  .blend{margin-top:16px;display:grid;gap:14px}
  .blend-row{display:grid;grid-template-columns:minmax(0,260px) 1fr;gap:2px 18px;\
  align-items:center}
  .blend-row p{overflow-wrap:anywhere;font-size:.92rem;line-height:1.3}
  .blend-row small{color:var(--soft);display:block}
  .track{position:relative;height:20px;background:var(--grid);border-radius:5px}
  .track i{position:absolute;left:0;top:0;bottom:0;background:var(--a);border-radius:5px;\
  min-width:2px}
  .track b{position:absolute;top:-5px;bottom:-5px;width:3px;margin-left:-1.5px;\
  background:var(--b);border-radius:2px}
  .tick-key{display:inline-block;width:3px;height:1em;background:var(--b);border-radius:2px;\
  margin:0 .65em 0 .3em;vertical-align:-.15em}
  .card{background:var(--card);border:1px solid var(--line);border-radius:10px;\
  padding:14px 18px 16px;margin-top:14px}
  h4{margin:0;font-size:1rem;font-weight:620}
  h4 span{font-weight:400;color:var(--soft);margin-left:12px;font-size:.88rem}
  .origin{font-size:.84rem;overflow-wrap:anywhere}
  .doc-text{margin-top:10px;font:.86rem/1.75 ui-monospace,"SF Mono",Menlo,Consolas,\
  "Noto Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4}
  .trained{background:var(--good);color:var(--good-ink);border-radius:3px;\
  box-shadow:inset 0 -1px 0 var(--good-line);padding:1px 0;-webkit-box-decoration-break:clone;\
  box-decoration-break:clone}
  .masked{color:var(--soft)}
  .strange{background:var(--bad);color:var(--bad-ink);text-decoration:underline wavy}
  .padding{border:1px dashed var(--soft);color:var(--soft);border-radius:4px;padding:0 6px;\
  margin-left:4px;font-size:.92em}
  .end{opacity:.75;font-size:.86em;outline:1px solid currentColor;outline-offset:-1px;\
  border-radius:3px;padding:0 3px}
  .rest{color:var(--soft);font-style:italic}
  .legend .trained,.legend .strange{padding:1px 6px}
  footer{margin-top:56px;font-size:.84rem}
  @media (max-width:640px){main{padding:28px 16px 24px}h1{font-size:1.7rem}\
  svg.wide{display:none}svg.narrow{display:block}figure{padding:12px 8px 8px}\
  .tiles{grid-template-columns:1fr 1fr;gap:8px}.tiles div{padding:10px 12px}\
  .tiles dd{font-size:1.2rem}.share{display:block}.share-name{display:block;text-align:left}\
  .blend-row{grid-template-columns:1fr}.meter{width:34%}th.meter{white-space:normal}th,td{padding-right:8px}\
  td code{white-space:pre-wrap;overflow-wrap:anywhere}td.text{white-space:normal}.card{padding:12px 14px}\
  .strip div{flex:0 0 25%}}
  @media print{:root{--paper:#fff;--card:#fff}body{font-size:10.5pt}main{max-width:none;padding:0}\
  *{-webkit-print-color-adjust:exact;print-color-adjust:exact}\
  figure,.card,.tiles div,tr{break-inside:avoid}h2,h3,h4{break-after:avoid}\
  details::details-content{content-visibility:visible;display:block}}
  """
