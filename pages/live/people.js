// A plain table for 账号 and 登录会话: heads and cells come as words, a click on a row or its button goes back.
function cellOf(cell) {
  const node = el(
    "td",
    cell.tone || "",
    el("span", cell.strong ? "main strong" : "main", cell.tone ? el("span", "dot") : null, cell.main),
    cell.small ? el("span", "small", cell.small) : null,
  )
  return titled(node, cell.hint || (cell.small ? `${cell.main}\n${cell.small}` : cell.main))
}

function lineOf(row, opens, send) {
  const line = el("tr", row.tone || "", ...row.cells.map(cellOf))
  line.dataset.row = row.id
  if (row.action) {
    const button = el("button", "act", row.action)
    button.type = "button"
    button.setAttribute("aria-label", `${row.action}：${row.name}`)
    button.onclick = () => send("open", row.id)
    line.append(el("td", "acts", button))
  } else if (row.note !== undefined) {
    line.append(el("td", "acts", el("span", "small", row.note)))
  }
  if (opens) {
    line.tabIndex = 0
    line.classList.add("opens")
    line.setAttribute("aria-label", row.name)
    line.onclick = () => send("open", row.id)
    line.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return
      event.preventDefault()
      send("open", row.id)
    }
  }
  return line
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".people")
  const focused = root.getRootNode().activeElement?.closest?.("tr")?.dataset?.row
  const rows = data.rows.map((row) => lineOf(row, data.opens, setTriggerValue))
  const columns = data.heads.map((head) => {
    const column = el("col")
    column.style.width = head.width
    return column
  })
  const table = el(
    "table",
    "",
    el("colgroup", "", ...columns),
    el("thead", "", el("tr", "", ...data.heads.map((head) => el("th", "", head.words)))),
    el("tbody", "", ...rows),
  )
  const pager = el("div", "pager")
  if (data.pages > 1) {
    const turn = (words, page) => {
      const button = el("button", "", words)
      button.type = "button"
      button.disabled = page < 1 || page > data.pages
      button.onclick = () => setTriggerValue("page", page)
      return button
    }
    const middle = `第 ${data.page} / ${data.pages} 页，共 ${data.total} 个`
    pager.append(turn("‹ 上一页", data.page - 1), middle, turn("下一页 ›", data.page + 1))
  }
  root.replaceChildren(el("div", "frame", rows.length ? table : el("div", "nothing", data.nothing)), pager)
  // A redraw must not take the keyboard away from the row somebody stands on.
  if (focused) rows.find((row) => row.dataset.row === focused)?.focus()
}
