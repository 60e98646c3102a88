package import IndexedData
package import Machine

/// What a run's data are made from: GPT-NeoX's arguments about data, as plain values.
package struct DataSettings: Sendable {
  /// `data_path`: one dataset, shared out by ``split``.
  package var dataPath: String?
  /// `split`: the shares of training, validation and test.
  package var split = "969, 30, 1"
  /// `train_data_paths` and its companions.
  package var train = DataList()
  /// `valid_data_paths` and its companions.
  package var valid = DataList()
  /// `test_data_paths` and its companions.
  package var test = DataList()
  /// `weight_by_num_documents`: weights follow from numbers of documents.
  package var weighsByDocumentCount = false
  /// `weighted_sampler_alpha`: the power to which those numbers are raised.
  package var weightAlpha = 1.0
  /// Whether documents come in pairs of a preferred and a rejected one (`dataset_impl: pairwise`).
  package var hasPairs = false
  /// `precompute_model_name`, where the objective wants reference log-probabilities.
  package var referenceName: String?
  /// `pack_impl`: how documents become samples.
  package var packing = Packing.packed
  /// `data_order`: in which order samples are drawn.
  package var order = DataOrder.neox
  /// `allow_chopped`: whether documents longer than a sample are used.
  package var allowsChopping = true
  /// `seq_length`: tokens the model sees.
  package var sequenceLength: Int
  /// `seed`: the same for every dataset of every split.
  package var seed: UInt32 = 1234

  /// `train_iters`; `nil` to train by epochs.
  package var trainIterations: Int?
  /// `train_epochs`; `nil` to train by iterations.
  package var trainEpochs: Int?
  /// `eval_interval`; `nil` for no evaluation on the way.
  package var evaluationInterval: Int? = 1000
  /// `eval_iters`; 0 for no evaluation at all.
  package var evaluationIterations = 100
  /// `train_micro_batch_size_per_gpu`: rows of a micro batch.
  package var microBatchSize: Int
  /// `gradient_accumulation_steps`: micro batches of a step.
  package var accumulationSteps = 1
  /// Which of the data-parallel processes this is.
  package var rank = 0
  /// How many data-parallel processes there are.
  package var rankCount = 1

  /// `eod_mask_loss`: whether the prediction after an end of document trains nothing.
  package var masksEndOfDocument = false
  /// The tokenizer's end-of-document id; needed by ``masksEndOfDocument`` only.
  package var endOfDocument: Int32?
  /// How many ids the model knows, `nil` for no limit; larger ones in the data are an error.
  package var vocabularySize: Int?
  /// The tokenizer, with which those that made the datasets are compared; `nil` compares nothing.
  package var tokenizer: RunTokenizer?
  /// How datasets are read.
  package var readingMode = ReadingMode.mmap
  /// Whether index maps are kept beside the data.
  package var mapStorage = MapStorage.besideData
  /// What ends the making of index maps early: unfinished ones are removed then.
  package var interruption: Interruption?
  /// `neox_quirks`: whether known faults of GPT-NeoX are reproduced rather than mended.
  package var neoxQuirks = false

  /// Settings with GPT-NeoX's defaults.
  package init(sequenceLength: Int, microBatchSize: Int) {
    self.sequenceLength = sequenceLength
    self.microBatchSize = microBatchSize
  }

  /// The parts of the data that the run draws from.
  var usedSplits: [DataSplit] { evaluationIterations > 0 ? DataSplit.allCases : [.train] }
  /// Rows of a micro batch over all processes.
  package var globalMicroBatchSize: Int { microBatchSize * rankCount }
  /// `train_batch_size`: rows of a step.
  package var trainBatchSize: Int { globalMicroBatchSize * accumulationSteps }

  /// The lists of a split.
  package subscript(split: DataSplit) -> DataList {
    switch split {
    case .train: train
    case .valid: valid
    case .test: test
    }
  }
}

/// In which order samples are drawn; the raw value is that of `data_order`.
package enum DataOrder: String, Sendable, CaseIterable {
  /// As GPT-NeoX draws them, through index maps.
  case neox
  /// In an order that depends on the data, `seq_length` and `seed` alone.
  case stable
}

/// The datasets of a split and what belongs to each, in parallel lists.
package struct DataList: Sendable, Equatable {
  /// `…_data_paths`, or `pos_…_data_paths`: prefixes of text.
  package var paths: [String] = []
  /// `…_label_data_paths`; as many as ``paths`` or none.
  package var labels: [String] = []
  /// `…_reward_data_paths`; as many as ``paths`` or none.
  package var rewards: [String] = []
  /// `neg_…_data_paths`: the rejected answers of pairs.
  package var negatives: [String] = []
  /// `neg_…_label_data_paths`; as many as ``paths`` or none.
  package var negativeLabels: [String] = []
  /// `…_data_weights`; as many as ``paths``, or none for equal ones.
  package var weights: [Double] = []

  /// An empty list, or one of text alone.
  package init(paths: [String] = []) {
    self.paths = paths
  }
}

/// The parts of a run's data.
package enum DataSplit: String, Sendable, CaseIterable {
  case train, valid, test
}
