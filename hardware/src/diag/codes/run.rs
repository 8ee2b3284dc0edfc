//! Codes of runs.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(
        "R001",
        "deadlock",
        "The timing run stood still: every stage waits for another. The message names the stages that wait for each other, what each waits for and the cycle. A buffer between them holds too few positions: give the tiles more buffer, or the layers other tiles.",
    ),
    code(
        "R002",
        "out of cycles",
        "The timing run did not finish within the allowed cycles. Allow more, or run fewer samples.",
    ),
    code(
        "R003",
        "schedule cannot run",
        "The schedule contradicts itself (a channel without ends, a width of zero, a crossbar used twice). This is a fault of the schedule or of the chip description it was made from, not of the network.",
    ),
    code(
        "R010",
        "action without a price",
        "A part did something that the arch file gives no energy for. Energy is never silently zero: write 0 J with its source if it is free.",
    ),
    code(
        "R020",
        "runs cannot be compared",
        "Runs are set side by side only if they ran one model on the same samples.",
    ),
    code(
        "R101",
        "column sums too large to be exact",
        "Sums of conductances are kept as integers below 2^24 so that results do not depend on the machine. Too many rows are driven at once for the bits of a cell and of a DAC digit: give the core fewer DACs for each crossbar (rows are then read in groups), or fewer bits.",
    ),
    code(
        "R102",
        "chip does not fit a layer",
        "A layer uses a kind of crossbar that no core holds, that cores with different converters hold, whose cells or DACs have too few bits for the layer's slices or planes, or whose conductance window or read voltage is empty.",
    ),
    code(
        "R103",
        "too large for addressed randomness",
        "Every random draw has an address with a fixed number of bits for layer, row, column, slice, replica, position and plane. The message says which layer exceeds them.",
    ),
    code(
        "R104",
        "device yields no number",
        "Programming, ageing or reading a cell gave a conductance or variance that is infinite, negative or not a number. Check the parameters of the device card.",
    ),
    code(
        "R105",
        "network and tiling do not belong together",
        "A layer of the tiled network is missing in the quantised network or has another shape.",
    ),
    code(
        "R106",
        "data do not have the network's shape",
        "The samples must be rows of as many values as the network input has, one array for each input, and the range of samples must lie within them.",
    ),
    code(
        "R107",
        "no samples to calibrate converters",
        "A converter whose full scale follows from data (`percentile`, `granular`, `learned`) needs calibration samples. Give at least one, or set the full scale to max.",
    ),
    code(
        "R110",
        "operator cannot compute a sample",
        "An operator on the vector unit met values that it does not take, such as an index outside of a table, or yielded an integer beyond 2^24, which edges do not carry exactly. The message names the node.",
    ),
    code(
        "R120",
        "crossbar with impossible numbers",
        "A network of wires and cells has a negative, infinite or missing resistance, conductance or voltage, or lists of other lengths than it has lines. The message says which.",
    ),
    code(
        "R121",
        "crossbar that is shorted or held by nothing",
        "Drivers are tied to ground without any resistance between, or no line is connected to anything, so that currents are infinite or voltages undetermined.",
    ),
    code(
        "R122",
        "network of wires not solved",
        "Neither relaxation nor the dense recursion reached an error below 1e-9. Voltages are undetermined where only leaking cells hold a line, and hard to find where wires have far more resistance than cells.",
    ),
    code(
        "R123",
        "currents of cells do not settle",
        "Newton's method did not find voltages at which every cell carries what its current-voltage law says. The current of a cell must rise with its voltage.",
    ),
    code(
        "R124",
        "crossbar without effective matrix",
        "Only a crossbar of linear cells is one matrix for all reads. One with selectors or curved cells must be solved read by read, or be approximated by the chord conductances at the read voltage.",
    ),
    code(
        "R144",
        "curved cells behind wires",
        "(warning) Cells that are not linear see other voltages behind wires than the read voltage. They are folded with their chord conductances at a typical voltage; the message says how far column currents are then from Newton's method on two inputs of each layer.",
    ),
    code(
        "R154",
        "shot noise with voltages of several levels",
        "Shot noise grows with the voltage on a line, the noise of conductances with its square. Column noise is drawn at once for all cells of a column only where both have one law: with digits of one bit, pulses, or amplitudes.",
    ),
    code(
        "R155",
        "wires of an encoding without a fold",
        "Crossbars with wires are folded for differential pairs whose rows are driven by voltages or by pulses, without `noise` of the currents beside that of the device. The message names what this crossbar has instead.",
    ),
    code(
        "R157",
        "layer that cannot stand behind an analog chain",
        "The chain takes one number for a weight and one for an input: differential pairs with analog subtraction, one slice, one input plane. Give cells enough bits for a weight and DACs as many bits as activations have (with `signed: sign_magnitude`), or leave `chain` away.",
    ),
    code(
        "R158",
        "column law of an analog chain",
        "The comparison of column noise with single cells looks at the noise of cells. Behind an analog chain noise is that of its settings.",
    ),
    code(
        "R170",
        "network-on-chip with impossible settings",
        "A topology, routing, router or load is out of range, or they do not go together: a torus or ring needs two virtual channels, adaptive routing needs virtual channels that wait for the tail credit, and all ports of a router together have at most 64 virtual channels. The message says which.",
    ),
    code(
        "R171",
        "deadlock in the network-on-chip",
        "Packets wait for each other in a circle and never move again. The message names router, port and virtual channel of each. Routes of the built-in topologies cannot close a circle; routes made by hand can, and so can packets to several nodes that are longer than a buffer.",
    ),
    code(
        "R172",
        "packet trace not usable",
        "A packet of a trace has no flits or no receivers, names a node that does not exist, or its line cannot be read. A line is cycle, source, destinations with spaces between them, flits.",
    ),
    code(
        "R190",
        "trace ends before the run",
        "(warning) There are more records than a viewer opens. Up to the cycle that the message names everything is in `trace.json` and `trace.vcd`, behind it only whole MVMs and positions that began before. Report and summary are of the whole run.",
    ),
];
