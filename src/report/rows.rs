//! The rows of every CSV file. One struct is one file; its field order is the column order, and the
//! unit stands in the column name. A test freezes the headers.

use serde::{Deserialize, Serialize};

/// One row of `summary.csv`: a whole run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct SummaryRow {
    pub run_key: String,
    pub archsim_version: String,
    pub arch: String,
    pub arch_hash: String,
    pub workload: String,
    pub model_hash: String,
    pub data_hash: String,
    pub fidelity: String,
    pub mapper: String,
    pub seed: u64,
    pub noise_scale: f64,
    pub age_s: f64,
    pub samples: u64,
    pub clock_hz: f64,
    pub crossbars_used: u64,
    pub crossbars_total: u64,
    pub utilisation: f64,
    pub macs: u64,
    pub latency_cycles: u64,
    pub latency_s: f64,
    pub interval_cycles: Option<f64>,
    pub interval_100_s: Option<f64>,
    pub throughput_inf_s: Option<f64>,
    pub energy_j: f64,
    pub energy_dynamic_j: f64,
    pub energy_leakage_j: f64,
    pub power_w: f64,
    pub tops: Option<f64>,
    pub tops_w: f64,
    pub area_mm2: f64,
    pub program_pulses: u64,
    pub program_energy_j: f64,
    pub program_time_s: f64,
    pub label_source: String,
    pub label_agreement: Option<f64>,
    pub accuracy: Option<f64>,
    pub accuracy_lo95: Option<f64>,
    pub accuracy_hi95: Option<f64>,
    pub macro_f1: Option<f64>,
    pub accuracy_float: Option<f64>,
    pub macro_f1_float: Option<f64>,
    pub accuracy_quantised: Option<f64>,
    pub macro_f1_quantised: Option<f64>,
    pub agreement_float: Option<f64>,
    pub agreement_quantised: Option<f64>,
    pub assumed_energy_share: f64,
    pub assumed_area_share: f64,
    pub warnings: u64,
    pub wall_s: Option<f64>,
    pub rms_error_float: Option<f64>,
    pub snr_float_db: Option<f64>,
    pub rms_error_quantised: Option<f64>,
    pub snr_quantised_db: Option<f64>,
    pub chips: u64,
    pub segments: u64,
    pub write_energy_j: Option<f64>,
    pub write_time_s: Option<f64>,
    pub latency_written_s: Option<f64>,
    pub batch_100_s: Option<f64>,
    pub batch_100_written_s: Option<f64>,
    pub energy_100_written_j: Option<f64>,
    pub mapper_options: String,
    pub noc_bits: u64,
    pub noc_hop_bits: u64,
    #[serde(default)]
    pub calibration_conversions: u64,
    #[serde(default)]
    pub calibration_energy_j: f64,
}

/// One row of `layers.csv`: a stage, or the leakage of the whole chip.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct LayerRow {
    pub run_key: String,
    pub layer: String,
    pub op: String,
    pub onnx_node: String,
    pub shape_in: String,
    pub shape_out: String,
    pub macs: u64,
    pub blocks: u64,
    pub replicas: u64,
    pub crossbars: u64,
    pub utilisation: Option<f64>,
    pub cycles_busy: u64,
    pub cycles_stalled: u64,
    pub stall_cause: String,
    pub start_cycle: u64,
    pub end_cycle: u64,
    pub energy_j: f64,
    pub energy_per_mac_j: Option<f64>,
    pub snr_db: Option<f64>,
    pub clip_rate: Option<f64>,
    pub adc_mean_code: Option<f64>,
    pub home_tile: Option<u64>,
    pub tiles: Option<u64>,
    pub positions_per_replica: Option<u64>,
}

/// One row of `components.csv`: a part and one of its actions (or its leakage).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct ComponentRow {
    pub run_key: String,
    pub path: String,
    pub kind: String,
    pub action: String,
    pub count: f64,
    pub energy_per_action_j: Option<f64>,
    pub energy_j: f64,
    pub leakage_j: f64,
    pub busy_cycles: u64,
    pub busy_share: f64,
    pub area_um2: f64,
    pub source: String,
    #[serde(default)]
    pub asleep_share: Option<f64>,
    #[serde(default)]
    pub wakes: Option<f64>,
    #[serde(default)]
    pub row_hits: Option<u64>,
    #[serde(default)]
    pub row_misses: Option<u64>,
    #[serde(default)]
    pub row_conflicts: Option<u64>,
}

/// One row of `links.csv`: a link of the mesh, or between chips.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct LinkRow {
    pub run_key: String,
    pub path: String,
    pub kind: String,
    pub from: String,
    pub to: String,
    pub from_x: Option<u64>,
    pub from_y: Option<u64>,
    pub to_x: Option<u64>,
    pub to_y: Option<u64>,
    pub messages: u64,
    pub flits: u64,
    pub bytes: u64,
    pub busy_cycles: u64,
    pub busy_share: f64,
}

/// One row of `confusion.csv`: a label and a predicted class. Rates stand on the rows whose predicted
/// class is the first one of the label.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct ConfusionRow {
    pub run_key: String,
    pub true_class: String,
    pub predicted_class: String,
    pub count: u64,
    pub sensitivity: Option<f64>,
    pub positive_predictivity: Option<f64>,
    pub f1: Option<f64>,
}

/// One row of `predictions.csv`: a sample. `compare` pairs runs by it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct PredictionRow {
    pub sample: u64,
    pub label: String,
    pub predicted: String,
    pub predicted_float: String,
    pub predicted_quantised: String,
    pub right: Option<bool>,
}

/// One row of `compare.csv`: a metric of two runs side by side.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "column names carry quantity and unit; docs/reports.md explains them")]
pub struct CompareRow {
    pub metric: String,
    pub unit: String,
    pub baseline_arch: String,
    pub other_arch: String,
    pub baseline: Option<f64>,
    pub other: Option<f64>,
    pub difference: Option<f64>,
    pub ratio: Option<f64>,
    pub lo95: Option<f64>,
    pub hi95: Option<f64>,
    pub paired_samples: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<T: Serialize + Default>() -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(T::default()).unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        text.lines().next().unwrap_or_default().to_string()
    }

    /// Scripts of users depend on these; add at the end, never rename.
    #[test]
    fn headers_are_frozen() {
        assert_eq!(
            header::<SummaryRow>(),
            "run_key,archsim_version,arch,arch_hash,workload,model_hash,data_hash,fidelity,mapper,seed,noise_scale,age_s,samples,clock_hz,crossbars_used,crossbars_total,utilisation,macs,latency_cycles,latency_s,interval_cycles,interval_100_s,throughput_inf_s,energy_j,energy_dynamic_j,energy_leakage_j,power_w,tops,tops_w,area_mm2,program_pulses,program_energy_j,program_time_s,label_source,label_agreement,accuracy,accuracy_lo95,accuracy_hi95,macro_f1,accuracy_float,macro_f1_float,accuracy_quantised,macro_f1_quantised,agreement_float,agreement_quantised,assumed_energy_share,assumed_area_share,warnings,wall_s,rms_error_float,snr_float_db,rms_error_quantised,snr_quantised_db,chips,segments,write_energy_j,write_time_s,latency_written_s,batch_100_s,batch_100_written_s,energy_100_written_j,mapper_options,noc_bits,noc_hop_bits,calibration_conversions,calibration_energy_j"
        );
        assert_eq!(
            header::<LayerRow>(),
            "run_key,layer,op,onnx_node,shape_in,shape_out,macs,blocks,replicas,crossbars,utilisation,cycles_busy,cycles_stalled,stall_cause,start_cycle,end_cycle,energy_j,energy_per_mac_j,snr_db,clip_rate,adc_mean_code,home_tile,tiles,positions_per_replica"
        );
        assert_eq!(
            header::<ComponentRow>(),
            "run_key,path,kind,action,count,energy_per_action_j,energy_j,leakage_j,busy_cycles,busy_share,area_um2,source,asleep_share,wakes,row_hits,row_misses,row_conflicts"
        );
        assert_eq!(
            header::<LinkRow>(),
            "run_key,path,kind,from,to,from_x,from_y,to_x,to_y,messages,flits,bytes,busy_cycles,busy_share"
        );
        assert_eq!(
            header::<ConfusionRow>(),
            "run_key,true_class,predicted_class,count,sensitivity,positive_predictivity,f1"
        );
        assert_eq!(header::<PredictionRow>(), "sample,label,predicted,predicted_float,predicted_quantised,right");
        assert_eq!(
            header::<CompareRow>(),
            "metric,unit,baseline_arch,other_arch,baseline,other,difference,ratio,lo95,hi95,paired_samples"
        );
    }
}
