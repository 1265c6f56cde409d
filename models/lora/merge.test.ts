import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTensorIndex } from '../catalog/safetensors-file.ts';
import { type Device, openDevice } from '../runtime/device.ts';
import { float32Tensor, floatData } from '../runtime/tensor.ts';
import { readGraphWeights } from './graph-weights.ts';
import { readLayers } from './layers.ts';
import { fromLdmName } from './ldm-names.ts';
import { matchLayers } from './match.ts';
import { mergeLoras, readWhole } from './merge.ts';

/** A small UNet exported by torch in several ways, two LoRAs, and what torch computes with them merged in. */
const fixtures = join(import.meta.dirname, '../fixtures/lora');
const expected: {
  readonly input: Readonly<Record<'sample' | 'timestep' | 'encoder_hidden_states', readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs_half: Readonly<Record<string, readonly number[]>>;
} = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8'));

let device: Device;

beforeAll(async () => {
  device = await openDevice({ threads: 1 });
});

afterAll(() => device.sessions.close());

type Loras = readonly (readonly [file: string, strength: number])[];

async function run(graph: string, loras: Loras): Promise<Float32Array> {
  const path = join(fixtures, `${graph}.onnx`);
  const weights = readGraphWeights(await readWhole(path));
  const parts = await Promise.all(
    loras.map(async ([name, strength]) => {
      const file = join(fixtures, `${name}.safetensors`);
      const { layers } = readLayers(await readTensorIndex(file));
      const own = layers.filter(({ target }) => target === 'denoiser');
      return { file, strength, matches: matchLayers(weights, own).matches };
    }),
  );
  const patch = {
    key: JSON.stringify(loras),
    apply: (at: string) => mergeLoras(at, weights.locations, parts),
  };
  const lease = await device.sessions.acquire(path, loras.length === 0 ? undefined : patch);
  const { sample, timestep, encoder_hidden_states: states } = expected.input;
  const out = await lease.session.runForOutput(
    {
      sample: float32Tensor([2, 4, 8, 8], Float32Array.from(sample)),
      timestep: float32Tensor([2], Float32Array.from(timestep)),
      encoder_hidden_states: float32Tensor([2, 5, 32], Float32Array.from(states)),
    },
    'out_sample',
  );
  lease.release();
  return floatData(out);
}

function largestError(actual: Float32Array, wanted: readonly number[]): number {
  expect(actual).toHaveLength(wanted.length);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0);
}

describe('a LoRA merged into the weights of a graph', () => {
  const combinations: readonly (readonly [string, Loras])[] = [
    ['none', []],
    ['kohya 1', [['kohya', 1]]],
    ['kohya -0.5', [['kohya', -0.5]]],
    ['peft 0.8', [['peft', 0.8]]],
    [
      'kohya 0.4, peft 0.6',
      [
        ['kohya', 0.4],
        ['peft', 0.6],
      ],
    ],
  ];
  const graphs = ['script', 'external', 'dynamo'];

  it.each(graphs.flatMap((graph) => combinations.map(([name, loras]) => [graph, name, loras] as const)))(
    '%s.onnx with %s equals torch with the same weights',
    async (graph, name, loras) => {
      const wanted = expected.outputs[name];
      expect(largestError(await run(graph, loras), wanted)).toBeLessThan(1e-5);
      if (name !== 'none') {
        expect(largestError(Float32Array.from(expected.outputs.none), wanted)).toBeGreaterThan(0.01);
      }
    },
  );

  it('half.onnx, whose weights have half precision and whose modules lie one deeper, follows torch', async () => {
    const error = largestError(await run('half', [['peft', 0.8]]), expected.outputs_half['peft 0.8']);
    // onnxruntime computes in float32 between the casts, torch in half precision.
    expect(error).toBeLessThan(0.004);
  });

  it('splits the fused layers of Flux’s own code among the layers of diffusers', async () => {
    const flux: Readonly<Record<string, readonly number[]>> = JSON.parse(
      readFileSync(join(fixtures, 'flux.json'), 'utf8'),
    );
    const path = join(fixtures, 'flux.onnx');
    const file = join(fixtures, 'flux.safetensors');
    const weights = readGraphWeights(await readWhole(path));
    const { layers } = readLayers(await readTensorIndex(file));
    const { matches, unmatched } = matchLayers(weights, layers);
    const places = matches.flatMap((match) => match.places);
    expect([layers.length, matches.length, places.length, unmatched.length]).toEqual([13, 13, 20, 0]);
    const patch = {
      key: 'flux',
      apply: () => mergeLoras(path, weights.locations, [{ file, strength: 0.7, matches }]),
    };
    const feeds = {
      hidden_states: float32Tensor([1, 6, 8], Float32Array.from(flux.input_hidden_states)),
      encoder_hidden_states: float32Tensor([1, 3, 8], Float32Array.from(flux.input_encoder_hidden_states)),
      pooled_projections: float32Tensor([1, 8], Float32Array.from(flux.input_pooled_projections)),
    };
    for (const [name, change] of [
      ['plain', undefined],
      ['flux 0.7', patch],
    ] as const) {
      const lease = await device.sessions.acquire(path, change);
      const out = floatData(await lease.session.runForOutput(feeds, 'out_sample'));
      lease.release();
      expect(largestError(out, flux[name])).toBeLessThan(1e-5);
    }
  });

  it('finds every layer of the network and names the ones that belong to none', async () => {
    for (const graph of ['script', 'external', 'dynamo', 'half']) {
      const weights = readGraphWeights(await readWhole(join(fixtures, `${graph}.onnx`)));
      const { layers, unread } = readLayers(await readTensorIndex(join(fixtures, 'kohya.safetensors')));
      const { unmatched } = matchLayers(weights, layers);
      expect(unread).toEqual([]);
      expect(unmatched.map(({ target, module }) => `${target} ${module}`)).toEqual([
        'text_encoder text_model_encoder_layers_0_self_attn_q_proj',
        'denoiser down_blocks_3_attentions_7_proj_in',
      ]);
    }
  });
});

describe('names of Stability’s own code', () => {
  it.each([
    [
      'input_blocks_4_1_transformer_blocks_0_attn1_to_q',
      'down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q',
    ],
    ['input_blocks_8_1_proj_in', 'down_blocks_2_attentions_1_proj_in'],
    ['input_blocks_3_0_op', 'down_blocks_0_downsamplers_0_conv'],
    ['input_blocks_5_0_in_layers_2', 'down_blocks_1_resnets_1_conv1'],
    ['middle_block_1_transformer_blocks_9_ff_net_2', 'mid_block_attentions_0_transformer_blocks_9_ff_net_2'],
    ['middle_block_2_out_layers_3', 'mid_block_resnets_1_conv2'],
    ['output_blocks_2_1_proj_out', 'up_blocks_0_attentions_2_proj_out'],
    ['output_blocks_2_2_conv', 'up_blocks_0_upsamplers_0_conv'],
    ['output_blocks_6_0_skip_connection', 'up_blocks_2_resnets_0_conv_shortcut'],
    ['time_embed_0', 'time_embedding_linear_1'],
    ['down_blocks_0_resnets_0_conv1', null],
  ])('%s is %s', (theirs, ours) => {
    expect(fromLdmName(theirs)).toBe(ours);
  });
});
