const HEADINGS = [
  ["health", "状态"],
  ["name", "监测源"],
  ["group", "分组"],
  ["last", "上次抓取"],
  ["newest", "最新报道"],
  ["next", "下次抓取"],
]

function two(main, below, hint) {
  const cell = el("td", "", el("span", "number", main), below ? el("span", "small", below) : null)
  return hint ? titled(cell, hint) : cell
}

function line(source, open) {
  const row = el("tr", source.level)
  row.tabIndex = 0
  row.dataset.source = source.id
  row.setAttribute("aria-label", `${source.name}，${source.health}，${source.words}`)
  const name = el("span", "title", source.name)
  for (const chip of source.chips) name.append(el("span", chip.stop ? "chip stop" : "chip", chip.words))
  row.append(
    titled(el("td", "", el("span", "level", el("span", "dot"), source.health), el("span", "words", source.words)), source.words),
    titled(el("td", "", name, el("span", "host", source.host)), `${source.name}\n${source.address}`),
    two(source.group, source.kind),
    titled(el("td", "", el("span", "note", source.note), el("span", "small", source.polled)), source.note),
    two(source.newest, "", source.newestAt),
    two(source.next, source.interval, source.nextAt),
  )
  row.onclick = () => open(source.id)
  row.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return
    event.preventDefault()
    open(source.id)
  }
  return row
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".sources")
  const focused = root.getRootNode().activeElement?.dataset?.source
  const open = (id) => setTriggerValue("open", id)
  const rows = data.rows.map((source) => line(source, open))
  const table = el(
    "table",
    "",
    el("colgroup", "", ...HEADINGS.map(([name]) => el("col", name))),
    el("thead", "", el("tr", "", ...HEADINGS.map(([, words]) => el("th", "", words)))),
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
    pager.append(turn("‹ 上一页", data.page - 1), `第 ${data.page} / ${data.pages} 页，共 ${data.total} 个`, turn("下一页 ›", data.page + 1))
  }
  root.replaceChildren(el("div", "frame", rows.length ? table : el("div", "nothing", data.nothing)), pager)
  // A refresh must not take the keyboard away from the row somebody stands on.
  if (focused) rows.find((row) => row.dataset.source === focused)?.focus()
}
