// Reads a configuration from plusargs, runs the sequencer until every position has left, and prints what it saw:
// lines `E load|front|ready|sent CROSSBAR CYCLE`. `+mutate=NAME` lengthens one part by a cycle of its clock.

`timescale 1ns / 1ns

module testbench;
    reg clk = 0;
    sequencer dut (clk);
    reg [8*16:1] name;
    integer n, x, word [0:3];
    reg [8*64:1] text;

    `define READ(field) if (!$value$plusargs(`"field=%d`", dut.field)) begin $display(`"missing field`"); $finish; end
    `define EACH(field) begin \
        if (!$value$plusargs(`"field=%s`", text)) begin $display(`"missing field`"); $finish; end \
        n = $sscanf(text, "%d,%d,%d,%d", word[0], word[1], word[2], word[3]); \
        for (x = 0; x < n; x = x + 1) dut.field[x] = word[x]; \
    end

    initial begin
        `READ(xbars) `READ(positions) `READ(start) `READ(core_div) `READ(bus_div) `READ(vector_div)
        `READ(drive) `READ(integrate) `READ(sample) `READ(fill) `READ(convert) `READ(shift_add) `READ(output_register)
        `READ(hold_banks) `READ(input_slots) `READ(serial) `READ(shared)
        `READ(bus_latency) `READ(bus_width) `READ(port_latency) `READ(port_width)
        `READ(vector_latency) `READ(vector_lanes) `READ(vector_ops) `READ(deliver_bytes)
        `EACH(steps) `EACH(rounds) `EACH(load_bytes) `EACH(result_bytes)
        dut.mutate = 0;
        if ($value$plusargs("mutate=%s", name))
            case (name)
                "drive": dut.mutate = 1;
                "integrate": dut.mutate = 2;
                "sample": dut.mutate = 3;
                "fill": dut.mutate = 4;
                "convert": dut.mutate = 5;
                "shift_add": dut.mutate = 6;
                "output_register": dut.mutate = 7;
                "bus": dut.mutate = 8;
                "port": dut.mutate = 9;
                "vector": dut.mutate = 10;
                default: begin $display("unknown mutation"); $finish; end
            endcase
        dut.begin_at_rest;
        for (n = 0; n < 1000000 && !dut.finished; n = n + 1) begin
            #1 clk = 1;
            #1 clk = 0;
        end
        if (dut.finished) $display("DONE"); else $display("STUCK");
        $finish;
    end
endmodule
