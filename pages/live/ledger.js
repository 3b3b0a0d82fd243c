// The list of cases: heads sort, a row opens its case, ticked rows go together to whoever assigns them.
function headOf(head, sort, send) {
  if (!head.sort) return el("th", head.end ? "n" : "", head.words)
  const now = sort.by === head.sort
  const button = el("button", now ? "sort now" : "sort", head.words, el("span", "arrow", now ? (sort.descending ? "▼" : "▲") : "↕"))
  button.type = "button"
  button.title = now ? (sort.descending ? "改为升序" : "改为降序") : `按${head.words}排序`
  button.onclick = (event) => {
    event.stopPropagation()
    send("sort", { by: head.sort, descending: now ? !sort.descending : true })
  }
  const cell = el("th", head.end ? "n" : "", button)
  cell.setAttribute("aria-sort", now ? (sort.descending ? "descending" : "ascending") : "none")
  return cell
}

function cellOf(cell) {
  const main = el("span", cell.strong ? "main strong" : "main", cell.main)
  for (const chip of cell.chips || []) main.append(el("span", "chip", chip))
  const node = el("td", [cell.end ? "n" : "", cell.tone || ""].join(" ").trim(), main, cell.small ? el("span", "small", cell.small) : null)
  return titled(node, cell.hint || (cell.small ? `${cell.main}\n${cell.small}` : cell.main))
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".ledger")
  const focused = root.getRootNode().activeElement?.closest?.("tr")?.dataset?.row
  const here = new Set(data.rows.map((row) => row.id))
  // What was ticked stays ticked through a redraw of the same rows, and is forgotten with the page it stood on.
  const picked = (root.picked = new Set([...(root.picked || [])].filter((id) => here.has(id))))
  const boxes = []
  const assign = el("button", "assign")
  assign.type = "button"
  const all = el("input")
  const told = () => {
    assign.textContent = picked.size ? `分派所选 ${picked.size} 件` : "勾选案件后可批量分派"
    assign.disabled = picked.size === 0
    all.checked = picked.size > 0 && picked.size === here.size
    all.indeterminate = picked.size > 0 && picked.size < here.size
  }
  assign.onclick = () => setTriggerValue("assign", [...picked])
  const lines = data.rows.map((row) => {
    const line = el("tr", row.tone)
    line.dataset.row = row.id
    line.tabIndex = 0
    line.setAttribute("aria-label", row.name)
    if (data.picking) {
      const box = el("input")
      box.type = "checkbox"
      box.checked = picked.has(row.id)
      box.setAttribute("aria-label", `选择 ${row.number}`)
      box.onchange = () => {
        if (box.checked) picked.add(row.id)
        else picked.delete(row.id)
        told()
      }
      boxes.push([row.id, box])
      const cell = el("td", "pick", box)
      cell.onclick = (event) => event.stopPropagation()
      line.append(cell)
    }
    line.append(...row.cells.map(cellOf))
    line.onclick = () => setTriggerValue("open", row.number)
    line.onkeydown = (event) => {
      if (event.target !== line || (event.key !== "Enter" && event.key !== " ")) return
      event.preventDefault()
      setTriggerValue("open", row.number)
    }
    return line
  })
  all.type = "checkbox"
  all.setAttribute("aria-label", "选择本页全部案件")
  all.onchange = () => {
    for (const [id, box] of boxes) {
      box.checked = all.checked
      if (all.checked) picked.add(id)
      else picked.delete(id)
    }
    told()
  }
  told()
  const columns = data.heads.map((head) => {
    const column = el("col")
    column.style.width = head.width
    return column
  })
  const heads = data.heads.map((head) => headOf(head, data.sort, setTriggerValue))
  if (data.picking) {
    columns.unshift(el("col", "pick"))
    heads.unshift(el("th", "pick", all))
  }
  const table = el("table", "", el("colgroup", "", ...columns), el("thead", "", el("tr", "", ...heads)), el("tbody", "", ...lines))
  const pager = el("div", "pager")
  if (data.picking && lines.length) pager.append(assign)
  if (data.pages > 1) {
    const turn = (words, page) => {
      const button = el("button", "", words)
      button.type = "button"
      button.disabled = page < 1 || page > data.pages
      button.onclick = () => setTriggerValue("page", page)
      return button
    }
    const middle = `第 ${data.page} / ${data.pages} 页，共 ${data.total} ${data.unit || "件"}`
    pager.append(el("span", "turn", turn("‹ 上一页", data.page - 1), middle, turn("下一页 ›", data.page + 1)))
  }
  root.replaceChildren(el("div", "frame", lines.length ? table : el("div", "nothing", data.nothing)), pager)
  if (focused) lines.find((line) => line.dataset.row === focused)?.focus({ preventScroll: true })
}
