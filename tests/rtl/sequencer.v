// One core's sequencer with its bus: what src/sim/core.rs, routes.rs, transport.rs and stage.rs say in their pages,
// written anew as state machines with count-downs and no formula for the course of an MVM.
//
//   bus ─► input slots ─► DAC phases ─► hold banks ─► converter ─► adder ─► accumulator ─► output register ─► bus
//
// Everything moves on one base clock; the core moves only at edges of its own divided clock, the bus begins and ends
// transfers at edges of a second one, the vector unit begins operations at edges of a third. Within a cycle what takes
// no time passes on at once: moves are repeated until nothing moves, and only then servers choose among requests.
//
// Count-downs: -1 idle, 0 over and to be dealt with, above 0 running.

`timescale 1ns / 1ns

module sequencer (input clk);
    parameter X = 4;                    // most crossbars

    // configuration, written by the testbench before the first cycle
    integer xbars, positions, start;
    integer core_div, bus_div, vector_div;
    integer drive, integrate, sample, fill, convert, shift_add, output_register;
    integer hold_banks, input_slots, serial, shared;
    integer bus_latency, bus_width, port_latency, port_width;
    integer vector_latency, vector_lanes, vector_ops, deliver_bytes;
    integer steps [0:X-1], rounds [0:X-1], load_bytes [0:X-1], result_bytes [0:X-1];

    integer now, moved, x, i, c, best;
    reg finished;

    // ---- input slots and front end, by crossbar
    integer slots_free [0:X-1], arrived [0:X-1], inputs [0:X-1];
    integer phase [0:X-1];              // 0 drive, 1 integrate, 2 sample
    integer phase_left [0:X-1];
    integer front_steps [0:X-1];

    // ---- hold banks, by crossbar, two each: number 2x the older one in use, 2x + 1 the younger
    integer used [0:X-1];
    reg     filled [0:2*X-1], asked [0:2*X-1];
    integer asked_at [0:2*X-1], fill_left [0:2*X-1];
    integer ask_steps [0:X-1], ask_mvms [0:X-1];

    // ---- converters with their adder: number 0 where they are shared, that of the crossbar otherwise
    integer owner [0:X-1], taken [0:X-1], converting [0:X-1], adding [0:X-1], adding_for [0:X-1];
    reg     code [0:X-1], adding_last [0:X-1];

    // ---- accumulator and output register, by crossbar
    integer sum_steps [0:X-1], writing [0:X-1], sent [0:X-1];
    reg     complete [0:X-1], register [0:X-1], result [0:X-1];

    // ---- the stage: positions, operand latch, output latches
    integer issued, gathered, started, done, left;
    integer next_result [0:X-1];

    // ---- buffer port, bus (requests with their cycles; of loads two for each crossbar), vector unit
    integer load_at [0:2*X-1];
    integer loads_in [0:X-1], loads_out [0:X-1], port_unit, port_left;
    integer load_asked, deliver_asked [0:63], deliver_out;
    integer result_asked [0:X-1];
    integer bus_left, bus_what, bus_unit;   // 0 load, 1 result, 2 delivery
    integer vector_wait, vector_left, flight [0:3];

    // one cycle more for the part that the testbench names
    integer mutate;
    `define MORE(kind) ((mutate == kind) ? 1 : 0)

    function integer ceil(input integer a, input integer b);
        ceil = (a + b - 1) / b;
    endfunction

    function integer on_bus(input integer bytes);
        on_bus = bus_div * (bus_latency + ceil(bytes, bus_width) + `MORE(8));
    endfunction

    // port and bus move the same bytes: the slower of the two, up to an edge of the bus
    function integer on_port_and_bus(input integer bytes);
        integer slower;
        begin
            slower = bus_div * ceil(bytes, bus_width);
            if (ceil(bytes, port_width) > slower) slower = ceil(bytes, port_width);
            on_port_and_bus = bus_div * (bus_latency + `MORE(8)) + bus_div * ceil(slower, bus_div);
        end
    endfunction

    task begin_at_rest;
        begin
            now = -1; finished = 0; issued = 0; gathered = 0; started = 0; done = 0; left = 0;
            port_unit = -1; port_left = -1; load_asked = -1; deliver_out = 0;
            bus_left = -1; vector_wait = 0; vector_left = -1;
            for (i = 0; i < 4; i = i + 1) flight[i] = -1;
            for (x = 0; x < X; x = x + 1) begin
                loads_in[x] = 0; loads_out[x] = 0;
                slots_free[x] = input_slots; arrived[x] = 0; inputs[x] = 0;
                phase[x] = 0; phase_left[x] = -1; front_steps[x] = 0;
                used[x] = 0; ask_steps[x] = 0; ask_mvms[x] = 0;
                owner[x] = -1; taken[x] = 0; converting[x] = -1; adding[x] = -1; code[x] = 0;
                sum_steps[x] = 0; writing[x] = -1; sent[x] = 0; complete[x] = 0; register[x] = 0; result[x] = 0;
                next_result[x] = 0; result_asked[x] = -1;
            end
            for (i = 0; i < 2 * X; i = i + 1) begin
                filled[i] = 0; asked[i] = 0; fill_left[i] = 0;
            end
        end
    endtask

    // A cycle goes by.
    task count_down;
        begin
            if (now % core_div == 0)
                for (x = 0; x < xbars; x = x + 1) begin
                    if (phase_left[x] > 0) phase_left[x] = phase_left[x] - 1;
                    if (converting[x] > 0) converting[x] = converting[x] - 1;
                    if (adding[x] > 0) adding[x] = adding[x] - 1;
                    if (writing[x] > 0) writing[x] = writing[x] - 1;
                    // a pipelined converter fills from the request on; behind a serial back end, when its turn has come
                    for (i = 2 * x; i < 2 * x + 2; i = i + 1)
                        if (asked[i] && fill_left[i] > 0 && (!serial || (i == 2 * x && owner[shared ? 0 : x] == x)))
                            fill_left[i] = fill_left[i] - 1;
                end
            if (port_left > 0) port_left = port_left - 1;
            if (bus_left > 0) bus_left = bus_left - 1;
            if (vector_left > 0) vector_left = vector_left - 1;
            for (i = 0; i < 4; i = i + 1) if (flight[i] > 0) flight[i] = flight[i] - 1;
        end
    endtask

    // DAC phases, integration and sampling of one crossbar.
    task front_end;
        begin
            if (arrived[x] > 0) begin
                arrived[x] = arrived[x] - 1; inputs[x] = inputs[x] + 1; moved = 1;
                $display("E load %0d %0d", x, now);
            end
            if (phase_left[x] == 0) begin
                moved = 1;
                phase[x] = phase[x] + 1;
                if (phase[x] == 1) phase_left[x] = integrate + `MORE(2);
                else if (phase[x] == 2) phase_left[x] = sample + `MORE(3);
                else begin
                    phase_left[x] = -1;
                    filled[2 * x + used[x] - 1] = 1;
                    front_steps[x] = front_steps[x] + 1;
                    if (front_steps[x] == steps[x]) begin
                        front_steps[x] = 0; slots_free[x] = slots_free[x] + 1;
                    end
                end
            end
            if (phase_left[x] == -1 && used[x] < hold_banks && (front_steps[x] > 0 || inputs[x] > 0)) begin
                moved = 1;
                if (front_steps[x] == 0) begin
                    inputs[x] = inputs[x] - 1;
                    $display("E front %0d %0d", x, now);
                end
                filled[2 * x + used[x]] = 0; asked[2 * x + used[x]] = 0; used[x] = used[x] + 1;
                phase[x] = 0; phase_left[x] = drive + `MORE(1);
            end
        end
    endtask

    // The oldest filled bank that has not asked for the converters; a new MVM asks for shared ones only when the result
    // before the last has left the output register.
    task ask;
        begin
            i = asked[2 * x] && used[x] > 0 ? 2 * x + 1 : 2 * x;
            if (i < 2 * x + used[x] && filled[i] && !asked[i]
                && (!shared || ask_steps[x] > 0 || sent[x] + 1 >= ask_mvms[x])) begin
                moved = 1;
                asked[i] = 1; asked_at[i] = now; fill_left[i] = fill + `MORE(4);
                ask_steps[x] = ask_steps[x] + 1;
                if (ask_steps[x] == steps[x]) begin
                    ask_steps[x] = 0; ask_mvms[x] = ask_mvms[x] + 1;
                end
            end
        end
    endtask

    // The bank at the front of crossbar x has been converted.
    task release_bank(input integer of);
        begin
            filled[2 * of] = filled[2 * of + 1]; asked[2 * of] = asked[2 * of + 1];
            asked_at[2 * of] = asked_at[2 * of + 1]; fill_left[2 * of] = fill_left[2 * of + 1];
            filled[2 * of + 1] = 0; asked[2 * of + 1] = 0;
            used[of] = used[of] - 1;
        end
    endtask

    // Converter c and its adder.
    task converter;
        begin
            if (adding[c] == 0) begin
                moved = 1;
                adding[c] = -1;
                if (adding_last[c]) begin
                    x = adding_for[c];
                    sum_steps[x] = sum_steps[x] + 1;
                    if (sum_steps[x] == steps[x]) begin
                        sum_steps[x] = 0; complete[x] = 1;
                    end
                    if (serial) begin
                        release_bank(x); owner[c] = -1;
                    end
                end
            end else if (converting[c] == 0) begin
                moved = 1;
                converting[c] = -1; code[c] = 1;
            end else if (code[c] && adding[c] == -1 && !complete[owner[c]]) begin
                moved = 1;
                code[c] = 0; taken[c] = taken[c] + 1;
                adding[c] = shift_add + `MORE(6); adding_for[c] = owner[c];
                adding_last[c] = taken[c] == rounds[owner[c]];
                if (adding_last[c] && !serial) begin
                    release_bank(owner[c]); owner[c] = -1;
                end
            end else if (owner[c] == -1) begin
                // first come, first served; of those that have asked in one cycle the lower crossbar
                best = -1;
                for (x = 0; x < xbars; x = x + 1)
                    if ((shared || x == c) && used[x] > 0 && asked[2 * x]
                        && (best == -1 || asked_at[2 * x] < asked_at[2 * best])) best = x;
                if (best != -1) begin
                    moved = 1;
                    owner[c] = best; taken[c] = 0;
                end
            end else if (converting[c] == -1 && !code[c] && taken[c] < rounds[owner[c]] && fill_left[2 * owner[c]] == 0) begin
                moved = 1;
                converting[c] = convert + `MORE(5);
            end
        end
    endtask

    // Accumulator and output register of one crossbar.
    task registers;
        begin
            if (complete[x] && !register[x]) begin
                moved = 1;
                complete[x] = 0; register[x] = 1; writing[x] = output_register + `MORE(7);
            end
            if (writing[x] == 0) begin
                moved = 1;
                writing[x] = -1; result[x] = 1;
                $display("E ready %0d %0d", x, now);
            end
        end
    endtask

    // What ends on the bus and in the vector unit.
    task ends;
        begin
            if (bus_left == 0) begin
                moved = 1;
                bus_left = -1;
                if (bus_what == 0) begin
                    arrived[bus_unit] = arrived[bus_unit] + 1; port_unit = -1;
                end else if (bus_what == 1) begin
                    register[bus_unit] = 0; sent[bus_unit] = sent[bus_unit] + 1; gathered = gathered + 1;
                    $display("E sent %0d %0d", bus_unit, now);
                end else left = left + 1;
            end
            if (vector_left == 0) begin
                moved = 1; vector_left = -1;
            end
            for (i = 0; i < 4; i = i + 1)
                if (flight[i] == 0) begin
                    moved = 1;
                    flight[i] = -1; deliver_asked[done % 64] = now; done = done + 1;
                end
        end
    endtask

    // Positions are issued where every crossbar has a slot; results go to the operand latch of their position, which
    // is free again when the operation starts; two positions may be between its start and the bus.
    task stage;
        begin
            best = now >= start && issued < positions;
            for (x = 0; x < xbars; x = x + 1) if (slots_free[x] == 0) best = 0;
            if (best) begin
                moved = 1;
                issued = issued + 1;
                for (x = 0; x < xbars; x = x + 1) begin
                    slots_free[x] = slots_free[x] - 1;
                    load_at[2 * x + loads_in[x] % 2] = now; loads_in[x] = loads_in[x] + 1;
                end
            end
            for (x = 0; x < xbars; x = x + 1)
                if (result[x] && next_result[x] == started) begin
                    moved = 1;
                    result[x] = 0; next_result[x] = next_result[x] + 1; result_asked[x] = now;
                end
            if (gathered == xbars && started - left < 2) begin
                moved = 1;
                gathered = 0; started = started + 1; vector_wait = vector_wait + 1;
            end
        end
    endtask

    // Requests: the port, then the bus, then the vector unit.
    task serve;
        begin
            if (port_unit == -1) begin
                // first come, first served; of those that have asked in one cycle the lower crossbar
                for (x = 0; x < xbars; x = x + 1)
                    if (loads_out[x] < loads_in[x]
                        && (port_unit == -1 || load_at[2 * x + loads_out[x] % 2]
                            < load_at[2 * port_unit + loads_out[port_unit] % 2])) port_unit = x;
                if (port_unit != -1) begin
                    moved = 1;
                    loads_out[port_unit] = loads_out[port_unit] + 1;
                    port_left = port_latency + `MORE(9);
                end
            end
            if (port_left == 0) begin
                moved = 1;
                port_left = -1; load_asked = now;
            end
            if (!moved && bus_left == -1 && now % bus_div == 0) begin
                best = -1;
                if (load_asked != -1) begin
                    best = load_asked; bus_what = 0; bus_unit = port_unit;
                end
                for (x = 0; x < xbars; x = x + 1)
                    if (result_asked[x] != -1 && (best == -1 || result_asked[x] < best)) begin
                        best = result_asked[x]; bus_what = 1; bus_unit = x;
                    end
                if (deliver_out < done && (best == -1 || deliver_asked[deliver_out % 64] < best)) begin
                    best = deliver_asked[deliver_out % 64]; bus_what = 2;
                end
                if (best != -1) begin
                    moved = 1;
                    if (bus_what == 0) begin
                        bus_left = on_port_and_bus(load_bytes[bus_unit]); load_asked = -1;
                    end else if (bus_what == 1) begin
                        bus_left = on_bus(result_bytes[bus_unit]); result_asked[bus_unit] = -1;
                    end else begin
                        bus_left = on_bus(deliver_bytes); deliver_out = deliver_out + 1;
                    end
                end
            end
            if (!moved && vector_wait > 0 && vector_left == -1 && now % vector_div == 0) begin
                moved = 1;
                vector_wait = vector_wait - 1;
                vector_left = vector_div * ceil(vector_ops, vector_lanes);
                for (i = 3; i >= 0; i = i - 1) if (flight[i] == -1) best = i;
                flight[best] = vector_left + vector_div * (vector_latency + `MORE(10));
            end
        end
    endtask

    always @(posedge clk) begin
        now = now + 1;
        count_down;
        moved = 1;
        while (moved) begin
            moved = 0;
            ends;
            if (now % core_div == 0)
                for (x = 0; x < xbars; x = x + 1) begin
                    front_end; ask; registers;
                end
            stage;
            if (!moved && now % core_div == 0)
                for (c = 0; c < (shared ? 1 : xbars); c = c + 1) converter;
            if (!moved) serve;
        end
        finished = left == positions;
    end
endmodule
