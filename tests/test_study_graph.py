"""The picture of a graph: what it shows, that it is well-formed, that the page places boxes as Python does."""

import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from test_study_network import HOSTILE, SVG, parsed, texts

import autograd
from autograd import nn, study
from autograd.study.graph_tree import tree
from autograd.study.graph_view import _Scene
from autograd.study.layout import OUTSIDE, layered, place

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Net(nn.Module):
    """A layer that is used twice, a residual, a nested module."""

    def __init__(self):
        super().__init__()
        self.twice, self.inner = nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3), nn.Tanh())

    def forward(self, x):
        return self.twice(x + self.inner(self.twice(x))).sum()


def traced(model=None, x=None, backward=False):
    autograd.manual_seed(0)
    model = model or Net()
    with study.trace(values=True):
        loss = model(autograd.ones(2, 3) if x is None else x)
        if backward:
            loss.backward()
    return loss


# --- places -----------------------------------------------------------------------------------------------------------


def test_rows_are_below_what_they_use_and_boxes_are_apart():
    edges = [(0, 2), (1, 2), (2, 3), (0, 4), (3, 5), (4, 5), (OUTSIDE, 4), (2, OUTSIDE)]
    layers = layered(6, edges, frozenset([1]))
    row = {v: r for r, vs in enumerate(layers.rows) for v in vs}
    assert all(row[u] < row[v] for u, v in edges if OUTSIDE not in (u, v)) and row[1] == row[2] - 1
    assert [row[n] for n in layers.links[2, OUTSIDE][1:-1]] == [2, 3], "a place is kept down to the lower edge"
    assert [row[n] for n in layers.links[OUTSIDE, 4][1:-1]] == [0]
    sizes = [(40.0 + 10 * v, 20.0) for v in range(6)]
    centres, (width, height) = place(layers, sizes)
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(centres, sizes)]
    for i, a in enumerate(boxes):
        assert -width / 2 - 1e-9 <= a[0] and a[2] <= width / 2 + 1e-9 and a[1] >= 0 and a[3] <= height
        assert all(a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for b in boxes[i + 1 :])


def test_few_crossings():
    layers = layered(6, [(0, 5), (1, 4), (2, 3)])
    (top, bottom), partner = layers.rows, {0: 5, 1: 4, 2: 3}
    assert [partner[v] for v in top] == bottom


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_modules_are_boxes_each_run_its_own_and_shared_leaves_stand_around_their_users():
    model = Net()
    root = tree(study.record(traced(model), gradients=False))
    assert [box.title for box in root.children] == [
        "twice.weight", "twice.bias", "x", "twice", "inner", "add", "twice (run 2)", "sum",
    ]  # fmt: skip
    inner = next(box for box in root.children if box.title == "inner")
    assert [box.title for box in inner.children] == ["inner.0", "inner.1"]
    assert [b.title for b in inner.children[0].children if b.leaves] == ["inner.0.weight", "inner.0.bias"]


def test_gradients_are_not_computed_yet_before_backward():
    model = Net()
    before = texts(parsed(study.graph(traced(model))))
    assert before.count("not computed yet") == 6 + 4
    after = texts(parsed(study.graph(traced(model, backward=True))))
    assert "not computed yet" not in after and any(t.startswith("norm ") for t in after)
    assert model.twice.weight.grad is not None
    plain = model(autograd.ones(2, 3))
    plain.backward(retain_graph=True)
    assert "not recorded" in texts(parsed(study.graph(plain, model)))


def shown(picture):
    """The gradients in a picture, by title."""
    found = {box.title: picture.cards.gradient(box.of) for box in picture.root.inner() if box.of}
    return {title: None if g is None else g.tolist() for title, g in found.items()}


def test_gradients_of_another_loss_are_not_shown():
    net = nn.Linear(2, 1)
    net(autograd.tensor([[100.0, 200.0]])).sum().backward()
    with study.trace(values=True):
        loss = net(autograd.tensor([[1.0, 2.0]])).sum()
    assert shown(study.graph(loss))["weight"] is None and net.weight.grad is not None, (
        "what .grad holds is of another loss"
    )
    assert shown(study.graph(loss, gradients=True))["weight"] == [[1.0, 2.0]]
    assert "not computed yet" in texts(parsed(study.graph(loss)))

    w = autograd.tensor([1.0, -2.0], requires_grad=True)
    with study.trace(values=True):
        f = (w.exp() ** 3).sum()
        (g,) = autograd.grad(f, w, create_graph=True)
        loss = (g**2).sum()
    assert (
        set(shown(study.graph(loss)).values()) == {None} and shown(study.graph(loss, gradients=True))["exp"] is not None
    )


def test_of_losses_that_share_steps_the_last_ones_gradients_are_known():
    w = autograd.tensor([1.0, -2.0], requires_grad=True)
    with study.trace(values=True):
        shared = w.exp()
        first, last = shared.tanh().sum(), (shared * shared).sum()
        first.backward(retain_graph=True)
        last.backward()
    found = shown(study.graph(first))
    assert found["sum"] == 1.0 and found["tanh"] == [1.0, 1.0] and found["exp"] is found["w"] is None
    assert "not recorded" in texts(parsed(study.graph(first)))
    assert shown(study.graph(last))["w"] == [float(2 * v * v) for v in w.exp().detach()]
    slope = (1 - w.exp().tanh() ** 2) * w.exp()
    assert shown(study.graph(first, gradients=True))["w"] == pytest.approx(slope.tolist())


def test_a_backward_towards_some_leaves_tells_only_what_it_knows():
    w, v = (autograd.tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
    with study.trace(values=True):
        loss = (w * v + v.exp()).sum()
        autograd.grad(loss, w, retain_graph=True)
    found = shown(study.graph(loss))
    assert found["w"] == [1.0, -2.0] and found["v"] is None, "a part of the sum is not the gradient"


def test_a_views_own_backward_is_not_kept():
    w, v = (autograd.tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
    with study.trace(values=True):
        loss = (w * v).exp().sum()
        study.check_by_hand(loss, {w: [-1.0, 1.0]})  # tries what mistakes would give
        study.explain(loss)
        assert set(shown(study.graph(loss)).values()) == {None}
        cost = study.record(loss * v.sum(), gradients=False).steps[1].forward
    assert cost.kernels == ["sum"], "nor what it costs"


def test_a_step_that_nothing_arrives_at_says_so():
    class Cut(autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            return None

    w = autograd.tensor([1.0, -2.0], requires_grad=True)
    with study.trace(values=True):
        loss = (Cut.apply(w.exp()) + w).sum()
        loss.backward()
    assert shown(study.graph(loss))["w"] == [1.0, 1.0] and "none arrived" in texts(parsed(study.graph(loss)))
    assert study.explain(loss).leaves[0].gradient.values == "[1, 1]", "the freed graph too"


def test_looking_changes_nothing_and_a_freed_graph_is_refused():
    model, x = Net(), autograd.ones(2, 3)
    loss = model(x)
    versions, clock = [p._version for p in model.parameters()], [n.seq for n in (loss.grad_fn,)]
    study.graph(loss, model, gradients=True).to_html()
    assert all(p.grad is None for p in model.parameters()) and versions == [p._version for p in model.parameters()]
    assert clock == [loss.grad_fn.seq] and loss.grad_fn.hooks is None
    loss.backward()
    with pytest.raises(RuntimeError, match=r"freed by a backward.*retain_graph=True"):
        study.graph(loss)
    with pytest.raises(TypeError, match="starts at a Tensor"):
        study.graph(3)


def test_values_saved_tensors_and_nan():
    x = autograd.tensor([-1.0, 4.0], requires_grad=True)
    with study.trace(values=True):
        loss = x.sqrt().sum()
        loss.backward(retain_graph=True)
    found = texts(parsed(study.graph(loss)))
    assert "1 NaN of 2" in found and "NaN" in found and any(t.startswith("saves y: ") for t in found)


def test_in_place_writes_views_and_higher_orders():
    x = autograd.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    y[0:2].mul_(3.0)
    (g,) = autograd.grad((y * y).sum(), x, create_graph=True)
    picture = study.graph(g.sum(), gradients=True)
    assert len(picture.record.steps) == len(re.findall(r"^    s\d+\[", picture.to_mermaid(), re.MULTILINE))
    parsed(picture)
    g.sum().backward()
    assert picture.cards.gradient(picture.record.leaves[0]).tolist() == x.grad.tolist()


def test_closed_modules_hide_their_steps():
    picture = study.graph(traced(), opened=False)
    found = texts(parsed(picture))
    assert "▸ inner" in found and "tanh" not in found and "2 steps, 2 leaves" in found
    picture = study.graph(traced(), opened=["inner", "inner.1"])
    found = texts(parsed(picture))
    assert {"▾ inner", "▸ inner.0", "tanh"} <= set(found)


def test_what_a_caller_gives_stands_outside_of_the_modules_by_its_name():
    net, x, y = nn.Sequential(nn.Linear(3, 2), nn.ReLU()), autograd.ones(4, 3), autograd.tensor([0, 1, 1, 0])
    with study.trace(values=True):
        loss = nn.CrossEntropyLoss()(net(x), y)
    outer = [box.title for box in study.graph(loss).root.children]
    assert outer == ["x", "0", "1", "y", "cross_entropy"]
    x.requires_grad_()
    with study.trace(values=True):
        loss = net(x).sum()
    picture = study.graph(loss, opened=False)
    assert [box.title for box in picture.root.children] == ["x", "0", "1", "sum"] and "x" in texts(parsed(picture))


def test_an_unknown_module_to_open_is_refused():
    loss = traced()
    with pytest.raises(ValueError, match=r"no module 'zz' in this graph, but 'twice', 'inner'"):
        study.graph(loss, opened=["inner", "zz"])
    assert "▾ inner" in texts(parsed(study.graph(loss, opened="inner")))


def test_numbers_are_whole_and_have_room():
    w = autograd.tensor([-0.3201, -0.0441, -0.1234], requires_grad=True)
    with study.trace(values=True):
        loss = (w * w.exp()).sum()
        loss.backward()
    root = parsed(study.graph(loss))
    assert not [t for t in texts(root) if "…" in t]
    for text in (e for e in root.iter(f"{SVG}text") if "tip" not in e.attrib and e.get("x") == "106"):
        assert len(text.text) <= 15, "what ends at the middle of a leaf begins within it"


def test_many_leaves_stand_in_rows_of_a_few():
    net, x = nn.LSTM(2, 3), autograd.randn(4, 1, 2)
    with study.trace(values=True):
        loss = net(x)[0].sum()
    scene = _Scene(study.graph(loss))
    rows = [scene.corners[box][1] for box in scene.visible if type(box.of).__name__ in ("LeafRecord", "Data")]
    assert len(rows) == 7 and max(map(rows.count, rows)) == 3


# --- text -------------------------------------------------------------------------------------------------------------


def test_printed_it_is_a_list():
    model = Net()
    lines = str(study.graph(traced(model, backward=True), opened=["inner"])).splitlines()
    assert lines[0] == "6 steps, 4 leaves" and lines[1].split() == ["shape", "value", "gradient"]
    assert [line.split("  ")[0] for line in lines[2:7]] == ["twice.weight", "twice.bias", "x", "twice", "inner"]
    assert lines[5].endswith("1 step") and lines[6] == "inner" and lines[7].endswith("1 step, 2 leaves")
    assert lines[-1].split()[:3] == ["1:", "sum", "scalar"] and lines[-1].endswith("1")
    assert "not computed yet: backward() within study.trace(values=True)" in str(study.graph(traced(model)))
    assert "not recorded: graph(loss, gradients=True)" in str(study.graph(model(autograd.ones(2, 3)), model))


def test_json_has_everything_and_no_nan(tmp_path):
    model = Net()
    loss = traced(model, autograd.full((2, 3), float("nan")), backward=True)
    text = study.graph(loss).to_json(tmp_path / "graph.json")
    assert (tmp_path / "graph.json").read_text() == text
    found = json.loads(text, parse_constant=pytest.fail)
    kinds = [node["kind"] for node in found["nodes"]]
    assert kinds.count("step") == 6 and kinds.count("parameter") == 4 and kinds.count("data") == 1
    step = next(node for node in found["nodes"] if node["name"] == "tanh")
    assert step["where"]["module"] == "inner.1" and step["values"][0]["nan"] == 6 and step["shapes"] == [[2, 3]]
    names = {node["id"] for node in found["nodes"]}
    assert all(edge["from"] in names and edge["to"] in names for edge in found["edges"])


def hostile(**options):
    model = nn.Sequential()
    model.add_module(HOSTILE.replace(".", "") + '"]; click; end\\', nn.Linear(3, 1))
    return study.graph(traced(nn.Sequential(model, nn.Flatten(0))).sum(), **options)


def test_hostile_names_stay_text():
    picture = hostile()
    dot, mermaid, page = picture.to_dot(), picture.to_mermaid(), picture.to_html()
    for line in dot.splitlines()[1:-1]:
        rest = re.sub(r'"(?:[^"\\]|\\.)*"', "S", line).strip()
        assert re.fullmatch(r"subgraph cluster_m\d+ \{ label=S;|\}|\w+ \[shape=\w+, label=S\];|\w+ -> \w+;", rest), line
    for line in mermaid.splitlines()[1:]:
        rest = re.sub(r'"[^"<>`\\&;]*(?:#\d+;[^"<>`\\&;]*)*"', "S", line).strip()
        assert re.fullmatch(r"subgraph m\d+\[S\]|end|\w+(\[S\]|\(\[S\]\)|\[/S/\])|\w+ --> \w+", rest), line
    assert page.count("<script") == 2 and "alert(1)" not in page, "what is packed is not text of the page"
    parsed(picture)
    assert picture._repr_html_().count("<") == 2


def scene_in_chromium(tmp_path, page, budget=2000, size="800,600"):
    (tmp_path / "graph.html").write_text(page, encoding="utf-8")
    call = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--virtual-time-budget={budget}", "--dump-dom",
            f"--window-size={size}",
            f"file://{tmp_path}/graph.html"]  # fmt: skip
    return subprocess.run(call, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_the_page_places_boxes_and_lines_as_python_does(tmp_path):
    picture = study.graph(traced(backward=True), opened=["inner"])
    dom = scene_in_chromium(tmp_path, picture.to_html())
    drawn = re.search(r"<svg[^>]*role=.*?</svg>", dom, re.DOTALL)[0]
    scene = _Scene(picture)
    places = re.findall(r'class="box"[^>]*transform="translate\(([\d.-]+) ([\d.-]+)\)"', drawn)
    expected = [scene.corners[box] for box in scene.visible if box not in picture.opened]
    assert len(places) == len(expected) == 9
    for found, (x, y) in zip(places, expected):
        assert float(found[0]) == pytest.approx(x + 16, abs=0.11) and float(found[1]) == pytest.approx(y + 16, abs=0.11)
    svg = ElementTree.fromstring(picture.to_svg())
    kinds = [p.get("class") for p in svg.iter(f"{SVG}path") if p.get("class") in ("forward", "backward")]
    assert len(re.findall('class="(?:forward|backward)"', drawn)) == len(kinds) - 2, "without those of the legend"
    numbers = lambda text: [float(n) for n in re.findall(r"-?\d+\.\d+", text)]  # noqa: E731
    lines = [numbers(p.get("d")) for p in svg.iter(f"{SVG}path") if p.get("class") in ("forward", "backward")][2:]
    for line, again in zip(lines, re.findall('<path d="(M[^"]*)" class="(?:forward|backward)"', drawn)):
        assert numbers(again) == pytest.approx([n + 16 for n in line], abs=0.11)


MEASURE = """<script>setTimeout(() => {
  const root = document.documentElement, figure = document.querySelector("figure");
  document.body.dataset.sizes = [innerWidth, root.scrollWidth, figure.clientWidth, figure.scrollWidth].join();
}, 1000)</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_on_a_narrow_screen_pictures_shrink_and_only_their_own_place_scrolls(tmp_path):
    model, x = (
        nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 2)),
        autograd.ones(2, 3),
    )
    small = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    one = study.network(small)
    pictures = [study.graph(traced(model)), study.memory(lambda: model(x)), one, one.beside(study.network(small))]
    for picture in pictures:
        page = re.sub("<meta http-equiv[^>]*>", "", picture.to_html()).replace("</body>", MEASURE)
        dom = scene_in_chromium(tmp_path, page, size="500,900")
        screen, whole, place, inside = map(int, re.search('data-sizes="([^"]*)"', dom)[1].split(","))
        assert screen <= 500 and whole <= screen, f"{picture.title}: the page itself scrolls sideways"
        assert place <= screen
        if picture in pictures[2:]:
            assert inside == place < picture.drawing().width, "what fits when it is smaller needs no scrolling"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_hostile_page_runs_no_script_but_its_own(tmp_path):
    page = hostile(opened=["0"]).to_html() + "<script>document.body.dataset.broken = 1</script>"
    dom = scene_in_chromium(tmp_path, page)
    assert "data-ready" in dom and "data-broken" not in dom.partition("<main>")[0]
    assert "&lt;script&gt;alert(1)&lt;" in dom and "<script>alert" not in dom


def test_ten_thousand_steps_fit_a_small_page():
    w = autograd.ones(2, requires_grad=True)
    y = w
    for i in range(10_000):
        y = y * 0.999 if i % 2 else y + w
    picture = study.graph(y.sum())
    assert len(picture.record.steps) == 10_001 and max(len(box.children) for box in picture.root.inner()) < 100
    assert len(picture.to_html()) < 5e6
    assert len(texts(parsed(picture))) < 40, "closed"


WIDE = """<script>setTimeout(() => {
  const wide = (e) => e.scrollWidth > e.clientWidth, of = (what) => [...document.querySelectorAll(what)];
  const seen = [of("figure").filter(wide).length];
  choose(boxes.findIndex((box) => box.title === "affine_batch_norm"));
  seen.push(of("aside, aside table, aside td").filter(wide).length);
  document.body.dataset.seen = seen.join();
}, 1000)</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_what_the_page_tells_of_a_step_has_room_and_a_graph_that_nearly_fits_is_seen_whole(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2))
    with study.trace(values=True):
        loss = net(autograd.randn(3, 1, 4, 4)).relu().mean()
    page = study.graph(loss, gradients=True).to_html()
    page = re.sub("<meta http-equiv[^>]*>", "", page).replace("</body>", WIDE)
    for size in ("1200,900", "500,900"):
        dom = scene_in_chromium(tmp_path, page, size=size)
        assert re.search('data-seen="([^"]*)"', dom)[1] == "0,0", f"{size}: only large arrays may scroll"
