// The sheet of 附件2 in the official layout. A figure that is not zero is a button that opens its records.
function figureOf(figure, send) {
  if (!figure.at) return document.createTextNode(figure.words)
  const button = el("button", "figure", figure.words)
  button.type = "button"
  button.dataset.at = figure.at
  button.setAttribute("aria-label", `${figure.name}，查看明细`)
  button.onclick = () => send("open", figure.at)
  return titled(button, `${figure.name}\n点击查看明细`)
}

function headRows(headings) {
  const rows = [0, 1, 2, 3].map(() => el("tr"))
  for (const one of [...headings].sort((a, b) => a.top - b.top || a.left - b.left)) {
    const cell = el("th", one.top === 3 ? "number" : "", ...one.words.split("\n").flatMap((part, index) => (index ? [el("br"), part] : [part])))
    cell.rowSpan = one.bottom - one.top + 1
    cell.colSpan = one.right - one.left + 1
    rows[one.top].append(cell)
  }
  return rows
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".sheet")
  const focused = root.getRootNode().activeElement?.dataset?.at
  const lines = data.rows.map((row) => {
    const cells = row.figures.map((figure) => el("td", figure.mark ? `n ${figure.mark}` : "n", figureOf(figure, setTriggerValue)))
    return el("tr", row.number === 1 ? "total" : "", el("th", "stub", row.name), el("td", "order", row.number), ...cells)
  })
  const others = data.others.map((parts) =>
    el("p", "", ...parts.map((part) => (part.at === undefined ? part.words : el("span", "blank", figureOf(part, setTriggerValue))))),
  )
  const block = el("td", "others", ...others)
  block.colSpan = 21
  const columns = ["6.2rem", "2.1rem", ...data.widths].map((width) => {
    const column = el("col")
    column.style.width = width
    return column
  })
  const table = el("table", "", el("colgroup", "", ...columns), el("thead", "", ...headRows(data.headings)), el("tbody", "", ...lines, el("tr", "", el("th", "stub", "其他情况"), block)))
  const print = el("button", "print", "打印")
  print.type = "button"
  print.onclick = () => globalThis.print()
  const notes = data.notes.map((note, index) => el("p", "", index ? "　　　" : "备注：", note))
  root.replaceChildren(
    el("div", "top", el("span", "attachment", data.mark), print),
    el("h3", "", data.title),
    el("div", "line", ...data.head.map((words) => el("span", "", words))),
    el("div", "frame", table),
    el("div", "line signed", ...data.signatures.map((words) => el("span", "", words))),
    el("div", "notes", ...notes),
  )
  if (focused) root.querySelector(`[data-at="${focused}"]`)?.focus({ preventScroll: true })
}
