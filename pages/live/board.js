const known = new WeakMap()

function card(info) {
  const box = el("div", `card ${info.tone || ""}`)
  box.append(
    el("div", "label", info.label, el("span", "note", info.note)),
    el("div", "figure", el("b", "", info.value), el("span", "unit", info.unit)),
    bars(info.series, info.labels, info.unit),
  )
  return titled(box, info.help)
}

function chip(words, className, hint) {
  const node = el("span", className, words)
  return hint ? titled(node, hint) : node
}

function row(alert, fresh, open) {
  const node = el("button", `row ${alert.tone}`)
  node.type = "button"
  node.dataset.story = alert.story
  if (fresh) node.classList.add("fresh")
  const title = titled(el("span", "title", ...marked(alert.title)), alert.title.map(([text]) => text).join(""))
  const meta = el(
    "span",
    "meta",
    chip(alert.place, "place", alert.placeFull),
    chip(alert.persons, "fact", "涉及人数"),
    chip(alert.money, "fact", "涉及金额"),
    chip(`${alert.outlets} 家媒体 ${alert.reports} 篇`, "", `首发：${alert.firstOutlet}`),
    chip(`首发 ${moment(alert.published)}`, "", `首发时间 ${fullFormat.format(alert.published)}，${alert.firstOutlet}`),
    chip(alert.kind, "", `立场：${alert.stance}`),
    ...alert.words.map((word) => chip(word, "word", "正文命中词")),
    chip(alert.number, "number", "警情编号"),
  )
  const seen = titled(el("span", "seen", `${moment(alert.seen)} 发现`), `发现时间 ${fullFormat.format(alert.seen)}`)
  const age = el("span", "age")
  const left = el("span", "due")
  node.append(
    titled(el("span", "badge", alert.badge), `警情编号 ${alert.number}`),
    el("span", "body", title, meta),
    el("span", "times", left, el("span", "when", seen, " · ", age)),
  )
  node.tick = () => {
    age.textContent = `${span((serverNow() - alert.raised) / 1000)}前`
    age.title = `级别确定或上升于 ${fullFormat.format(alert.raised)}`
    const state = due(alert)
    left.className = `due ${state.tone}`
    left.textContent = state.words
    left.title = alert.signed ? "" : `签收时限 ${fullFormat.format(alert.due)}`
  }
  node.onclick = () => open(alert.story)
  return node
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".board")
  const before = known.get(parentElement) || {}
  const shown = JSON.stringify(data)
  // A row that is built again loses the pointer and the keyboard's place: only for a change.
  if (before.shown === shown) return before.leave
  const seen = before.ids

  const cards = el("div", "cards", ...data.cards.map(card))
  const filters = el("div", "filters")
  for (const choice of data.choices) {
    const button = el("button", `choice ${choice.tone}`, choice.label, el("b", "", choice.count))
    button.type = "button"
    button.setAttribute("aria-pressed", String(choice.on))
    button.onclick = () => setTriggerValue("choose", choice.value)
    filters.append(button)
  }
  const open = (story) => setTriggerValue("open", story)
  const rows = data.alerts.map((alert) => row(alert, seen && !seen.has(alert.id), open))
  const list = el("div", "list", ...(rows.length ? rows : [el("div", "nothing", data.nothing)]))
  const pager = el("div", "pager")
  if (data.pages > 1) {
    const turn = (words, page) => {
      const button = el("button", "turn", words)
      button.type = "button"
      button.disabled = page < 1 || page > data.pages
      button.onclick = () => setTriggerValue("page", page)
      return button
    }
    pager.append(turn("‹ 上一页", data.page - 1), `第 ${data.page} / ${data.pages} 页，共 ${data.total} 起`, turn("下一页 ›", data.page + 1))
  }
  root.replaceChildren(cards, filters, list, pager)
  everySecond(parentElement, () => rows.forEach((node) => node.tick()))
  const leave = () => {
    stopTicking(parentElement)
    known.delete(parentElement)
  }
  known.set(parentElement, { shown, leave, ids: new Set([...(seen || []), ...data.alerts.map((alert) => alert.id)]) })
  return leave
}
